import type { ToolOutcome } from "../protocol/tool_call.ts";

/** A call of a tool that has its answer. */
export interface ObservedCall {
  readonly tool: string;
  readonly identity: string;
  /** Such as `c12`; absent for calls over HTTP. */
  readonly connection?: string | undefined;
  readonly requestId?: string | number | undefined;
  readonly outcome: ToolOutcome;
  readonly durationMs: number;
}

/** Hears of every call, whichever way it came in. Must not throw, and is not waited for. */
export type CallObserver = (call: ObservedCall) => void;

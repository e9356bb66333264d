import type { ToolOutcome } from "../protocol/tool_call.ts";

/** An answered tool call. */
export interface ObservedCall {
  readonly tool: string;
  readonly identity: string;
  /** Such as `c12`; absent for calls over HTTP. */
  readonly connection?: string | undefined;
  readonly requestId?: string | number | undefined;
  readonly outcome: ToolOutcome;
  readonly durationMs: number;
}

/** Called for every tool call, over any transport. Must not throw, and is not awaited. */
export type CallObserver = (call: ObservedCall) => void;

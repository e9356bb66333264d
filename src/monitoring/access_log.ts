/**
 * The access log: one record for a call of a tool, whichever way it came in, and for a request that was refused before
 * it reached one. It holds who called what and how it ended; never arguments, answers or credentials.
 */

import { getLogger } from "../logging/logger.ts";
import type { ToolOutcome } from "../protocol/tool_call.ts";
import type { ObservedCall } from "./observed_call.ts";

const log = getLogger(["luno-mcp-server", "calls"]);

/** Which calls are logged: none, those that failed, or every one. */
export type AccessLogMode = "off" | "errors" | "all";

/** A request that was refused before it ran. */
export interface RefusedRequest {
  /** Such as `c12`; absent for requests over HTTP. */
  readonly connection?: string | undefined;
  readonly identity: string;
  readonly requestId?: string | number | undefined;
  /** The refusal's stable code. */
  readonly code: string;
}

/** Logs a call where `mode` asks for it. */
export function logCall(mode: AccessLogMode, call: ObservedCall): void {
  const { tool, outcome, durationMs } = call;
  if (mode === "off" || mode === "errors" && !isFailure(outcome)) return;
  log.info("tool call", {
    ...originOf(call),
    tool,
    outcome: outcomeOf(outcome),
    duration_ms: Math.round(durationMs * 10) / 10,
  });
}

/** Logs a request that was refused, unless there is no access log. */
export function logRefusal(mode: AccessLogMode, { code, ...request }: RefusedRequest): void {
  if (mode !== "off") log.info("request refused", { ...originOf(request), outcome: code });
}

function originOf({ connection, identity, requestId }: Omit<RefusedRequest, "code">) {
  return {
    ...(connection === undefined ? {} : { connection_id: connection }),
    identity,
    ...(requestId === undefined ? {} : { request_id: shortId(requestId) }),
  };
}

/** Clients choose the ids of their requests. */
function shortId(id: string | number): string | number {
  return typeof id === "string" ? id.slice(0, 64) : id;
}

/** Neither a question to a person nor a caller that gave up is a failure. */
function isFailure(outcome: ToolOutcome): boolean {
  return !outcome.ok && outcome.ask === undefined && outcome.error.code !== "ERR_CANCELLED";
}

function outcomeOf(outcome: ToolOutcome): string {
  return outcome.ok ? "ok" : outcome.error.code;
}

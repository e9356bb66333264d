/**
 * The access log: one record per tool call, over any transport, and per request that was rejected before a tool ran. It
 * records who called what and the outcome; never arguments, answers or credentials.
 */

import { getLogger } from "../logging/logger.ts";
import type { ToolOutcome } from "../protocol/tool_call.ts";
import type { ObservedCall } from "./observed_call.ts";

const log = getLogger(["luno-mcp-server", "calls"]);

/** The calls to log: none, failed ones, or all. */
export type AccessLogMode = "off" | "errors" | "all";

/** A request that was rejected before it ran. */
export interface RefusedRequest {
  /** Such as `c12`; absent for requests over HTTP. */
  readonly connection?: string | undefined;
  readonly identity: string;
  readonly requestId?: string | number | undefined;
  /** The stable error code. */
  readonly code: string;
}

/** Logs a call if `mode` includes it. */
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

/** Logs a rejected request, unless the access log is off. */
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

/** Clients choose the ids of their requests, so they are truncated. */
function shortId(id: string | number): string | number {
  return typeof id === "string" ? id.slice(0, 64) : id;
}

/** Neither a question to a person nor a cancelled call is a failure. */
function isFailure(outcome: ToolOutcome): boolean {
  return !outcome.ok && outcome.ask === undefined && outcome.error.code !== "ERR_CANCELLED";
}

function outcomeOf(outcome: ToolOutcome): string {
  return outcome.ok ? "ok" : outcome.error.code;
}

/** A channel's answers to requests that it does not run, or does not complete. */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { INTERNAL_ERROR, INVALID_REQUEST } from "../errors/rpc_codes.ts";
import { getLogger } from "../logging/logger.ts";
import type { Answer } from "../protocol/answer.ts";
import { refusalOf } from "./json_rpc.ts";
import type { RpcError } from "./json_rpc.ts";

const log = getLogger(["luno-mcp-server", "channel"]);

/** Another request with this id is unanswered. */
export const ID_IN_USE: RpcError = {
  code: INVALID_REQUEST,
  message: "Invalid request: id is in use by a request that is not answered yet",
};

/** The server is shutting down. */
export const ENDING: RpcError = refusalOf(
  "ERR_SHUTTING_DOWN",
  "The server is shutting down: send this request to another one, or later",
  5_000,
);

/** The request was aborted. */
export const UNFINISHED: RpcError = refusalOf(
  "ERR_SESSION_ENDED",
  "The server ended before this request was answered: whether it took effect is not known",
);

/** The queue is full. */
export function queueFull(maxInFlight: number, maxQueue: number): RpcError {
  const message =
    `Too many requests at once: ${maxInFlight} run and ${maxQueue} wait: send this one when others are answered`;
  return refusalOf("ERR_QUEUE_FULL", message, 1_000);
}

/** The answer to a request whose promise rejected, which must not happen; the log has the reason. */
export function failedAnswer({ method }: JSONRPCRequest, error: unknown): Answer {
  log.error("internal error", { during: "request", method, error });
  return { error: { code: INTERNAL_ERROR, message: "Internal error: the reason is in the server's log" } };
}

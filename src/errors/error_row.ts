/** The columns of the error table, and the values that many rows share. */

import { SERVER_BUSY, TOOL_FAILED } from "./rpc_codes.ts";

/** Whether the same call may be repeated unchanged; `depends`: the error's own `retryable` says so. */
export type Retry = "no" | "yes" | "depends";

/** One error. `meaning: action` together make its sentence where the code throws without a better one. */
export interface ErrorRow {
  /** What it means: a clause without a leading capital or a final period. May hold code in backticks. */
  readonly meaning: string;
  /** What to do, in the same form. */
  readonly action: string;
  readonly retry: Retry;
  /** The HTTP status of the response; `null` when it never is one. */
  readonly http: number | null;
  /** The JSON-RPC error code; `null` when it never is one. */
  readonly rpc: number | null;
  /**
   * The exit code of a command that ends with it. 4 (outcome unknown) applies only where something may have changed at
   * the exchange; elsewhere it counts as 1.
   */
  readonly exit: 1 | 2 | 4;
}

const OF_TOOL = { rpc: TOOL_FAILED, exit: 1 } as const;
const OF_HTTP = { rpc: null, exit: 1 } as const;

/** The call cannot work as it was sent. */
export const BAD_REQUEST = { ...OF_TOOL, http: 400 } as const;
/** The client may not do this. */
export const NOT_ALLOWED = { ...OF_TOOL, http: 403 } as const;
/** The request conflicts with the present state. */
export const CONFLICT = { ...OF_TOOL, http: 409 } as const;
/**
 * The server's own access to the exchange failed: 401 and 403 would send clients to check their own credentials, 502
 * and 503 would make them repeat what only the operator can fix.
 */
export const FAILED_DEPENDENCY = { ...OF_TOOL, http: 424 } as const;
/** A limit is used up. */
export const TOO_MANY = { ...OF_TOOL, http: 429 } as const;
/** The exchange answered with something unusable. */
export const BAD_GATEWAY = { ...OF_TOOL, http: 502 } as const;
/** Temporarily unavailable. */
export const UNAVAILABLE = { ...OF_TOOL, http: 503 } as const;

/** An HTTP request that is rejected before any tool runs. */
export const HTTP_BAD_REQUEST = { ...OF_HTTP, http: 400 } as const;
/** Nothing exists under this name. */
export const HTTP_NOT_FOUND = { ...OF_HTTP, http: 404 } as const;

/** A JSON-RPC message that is rejected before any tool runs. */
export const RPC_REFUSED = { http: null, rpc: SERVER_BUSY, exit: 1 } as const;

/** Appears only in commands and logs, never in a response. */
export const LOCAL = { http: null, rpc: null, exit: 1 } as const;

/** What the table of errors knows of each, and the kinds that many of them share. */

import { SERVER_BUSY, TOOL_FAILED } from "./rpc_codes.ts";

/** Whether the same call may be repeated as it is; `depends`: `retryable` in the error itself says so. */
export type Retry = "no" | "yes" | "depends";

/** One error. Together, `meaning: action` is its sentence where no better one is at hand. */
export interface ErrorRow {
  /** What it means: a clause without a capital and a final period. May hold code in backticks. */
  readonly meaning: string;
  /** What to do, in the same form. */
  readonly action: string;
  readonly retry: Retry;
  /** The status of a response over HTTP; `null` where it never is one. */
  readonly http: number | null;
  /** The code of a JSON-RPC error; `null` where it never is one. */
  readonly rpc: number | null;
  /**
   * The exit code of a command that it ends. 4, the outcome is not known, only counts where something may have changed at
   * the exchange, and is 1 elsewhere.
   */
  readonly exit: 1 | 2 | 4;
}

const OF_TOOL = { rpc: TOOL_FAILED, exit: 1 } as const;
const OF_HTTP = { rpc: null, exit: 1 } as const;

/** The call, as it is, cannot work. */
export const BAD_REQUEST = { ...OF_TOOL, http: 400 } as const;
/** The client may not do this. */
export const NOT_ALLOWED = { ...OF_TOOL, http: 403 } as const;
/** What is asked for does not fit how things stand. */
export const CONFLICT = { ...OF_TOOL, http: 409 } as const;
/**
 * The server's own access to the exchange is at fault: 401 and 403 would send clients to look at their own credentials,
 * 502 and 503 would make them repeat what only the operator can change.
 */
export const FAILED_DEPENDENCY = { ...OF_TOOL, http: 424 } as const;
/** A limit is used up. */
export const TOO_MANY = { ...OF_TOOL, http: 429 } as const;
/** The exchange answers, but with nothing that can be used. */
export const BAD_GATEWAY = { ...OF_TOOL, http: 502 } as const;
/** It does not work now. */
export const UNAVAILABLE = { ...OF_TOOL, http: 503 } as const;

/** A request over HTTP is refused before any tool is asked. */
export const HTTP_BAD_REQUEST = { ...OF_HTTP, http: 400 } as const;
/** There is nothing of this name. */
export const HTTP_NOT_FOUND = { ...OF_HTTP, http: 404 } as const;

/** A message of JSON-RPC is refused before any tool is asked. */
export const RPC_REFUSED = { http: null, rpc: SERVER_BUSY, exit: 1 } as const;

/** Only a command or a log says it. */
export const LOCAL = { http: null, rpc: null, exit: 1 } as const;

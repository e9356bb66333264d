/** Errors as RFC 9457 problem details: the body and status of failed REST calls. */

import { ERRORS } from "../../errors/error_table.ts";
import type { HttpErrorCode } from "../../errors/error_table.ts";
import type { ToolError } from "../../protocol/tool_error.ts";

/** The statuses of problems. */
type Status = (typeof ERRORS)[HttpErrorCode]["http"];

/** A problem, before it becomes a response. */
export interface Problem extends Omit<ToolError, "code" | "retryable"> {
  readonly code: HttpErrorCode;
  /** @default as in the table of errors */
  readonly retryable?: boolean;
  /** @default as in the table of errors */
  readonly status?: Status;
  readonly headers?: Readonly<Record<string, string>>;
}

const TITLES: Readonly<Record<Status, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  424: "Failed Dependency",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Creates the response; `retry_after_ms` also becomes Retry-After, in whole seconds. */
export function problemResponse({ headers = {}, message, ...problem }: Problem): Response {
  const { code, status = ERRORS[code].http, retryable = ERRORS[code].retry !== "no", ...rest } = problem;
  const retryAfter = rest.retry_after_ms === undefined
    ? {}
    : { "retry-after": String(Math.ceil(rest.retry_after_ms / 1_000)) };
  const title = TITLES[status];
  const body = { type: "about:blank", title, status, detail: message, code, retryable, ...rest };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...retryAfter, ...headers },
  });
}

/** Errors of requests to this server. */

import type { ErrorRow } from "./error_row.ts";
import { HTTP_BAD_REQUEST, HTTP_NOT_FOUND, LOCAL, NOT_ALLOWED, RPC_REFUSED } from "./error_row.ts";
import { INTERNAL_ERROR, SERVER_BUSY } from "./rpc_codes.ts";

/** Why a request was rejected. */
export const REQUEST_CODES = {
  ERR_UNAUTHENTICATED: {
    ...HTTP_BAD_REQUEST,
    http: 401,
    meaning: "a credential is missing or not accepted",
    action: "send `Authorization: Bearer KEY`",
    retry: "no",
  },
  ERR_SCOPE_MISSING: {
    ...NOT_ALLOWED,
    meaning: "your identity lacks a scope",
    action: "ask the operator",
    retry: "no",
  },
  ERR_REQUEST_REFUSED: {
    ...HTTP_BAD_REQUEST,
    meaning: "a credential in the address, or an unknown scope",
    action: "use the `Authorization` header; revoke that key",
    retry: "no",
  },
  ERR_PROXY_UNTRUSTED: {
    ...HTTP_BAD_REQUEST,
    http: 403,
    meaning: "a forwarded request to a server without authentication",
    action: "configure an authentication method",
    retry: "no",
  },
  ERR_TOO_MANY_REQUESTS: {
    http: 429,
    rpc: SERVER_BUSY,
    exit: 1,
    meaning: "the rate limit is used up",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_QUEUE_FULL: {
    ...RPC_REFUSED,
    meaning: "too many requests of this connection are running and waiting",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_BUSY: {
    http: 429,
    rpc: SERVER_BUSY,
    exit: 1,
    meaning: "connections, sessions or tickets are used up: this client's, or (503) all of the server",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_BODY_INVALID: {
    ...HTTP_BAD_REQUEST,
    meaning: "the body of the request is malformed",
    action: "correct it; see `/openapi.json`",
    retry: "no",
  },
  ERR_BODY_TIMEOUT: {
    ...HTTP_BAD_REQUEST,
    http: 408,
    meaning: "the body of the request did not arrive in time",
    action: "send it faster",
    retry: "yes",
  },
  ERR_BODY_TOO_LARGE: {
    ...HTTP_BAD_REQUEST,
    http: 413,
    meaning: "the body of the request is too large",
    action: "send less",
    retry: "no",
  },
  ERR_CONTENT_TYPE: {
    ...HTTP_BAD_REQUEST,
    http: 415,
    meaning: "the body of the request is of another type than JSON",
    action: "send `Content-Type: application/json`",
    retry: "no",
  },
  ERR_METHOD: {
    ...HTTP_BAD_REQUEST,
    http: 405,
    meaning: "the path does not support this method",
    action: "use a method of the `Allow` header",
    retry: "no",
  },
  ERR_ROUTE_UNKNOWN: {
    ...HTTP_NOT_FOUND,
    meaning: "there is no such path",
    action: "see `/openapi.json`",
    retry: "no",
  },
  ERR_TOOL_UNKNOWN: {
    ...HTTP_NOT_FOUND,
    meaning: "there is no such tool",
    action: "see `/v1/tools`, `luno-mcp-server tools`",
    retry: "no",
  },
  ERR_SESSION_ENDED: {
    ...RPC_REFUSED,
    meaning: "the session or the server ended before the request was answered; it may have taken effect",
    action: "connect again; look up what it did",
    retry: "no",
    exit: 4,
  },
  ERR_SHUTTING_DOWN: {
    ...RPC_REFUSED,
    meaning: "the server is shutting down; the request was not begun",
    action: "connect again",
    retry: "yes",
  },
  ERR_RESUMPTION_INVALID: {
    ...LOCAL,
    meaning: "the resumption token is malformed, or its connection has a session already; a new session has begun",
    action: "subscribe again; keep the token of this answer",
    retry: "no",
  },
  ERR_RESUMPTION_UNKNOWN: {
    ...LOCAL,
    meaning:
      "nothing can be resumed with this token, as it is forged, used, expired, ended by the operator or another " +
      "identity's; a new session has begun",
    action: "subscribe again; keep the token of this answer",
    retry: "no",
  },
  ERR_RESUMPTION_UNAVAILABLE: {
    ...LOCAL,
    meaning: "the state that sessions are kept in cannot be used now; a new session has begun",
    action: "subscribe again; ask for a token later",
    retry: "no",
  },
  ERR_INTERNAL: {
    http: 500,
    rpc: INTERNAL_ERROR,
    exit: 4,
    meaning: "the server failed",
    action: "see the server's log; report it if it persists",
    retry: "no",
  },
} as const satisfies Record<string, ErrorRow>;

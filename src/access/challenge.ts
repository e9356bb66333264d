/**
 * The response to a client that is not authenticated: a constant body, and `WWW-Authenticate` with how to authenticate
 * (RFC 6750, RFC 9728). The reason is only logged.
 */

import type { HttpErrorCode } from "../errors/error_table.ts";
import type { Scope } from "./scopes.ts";
import type { Denial } from "./authenticator.ts";

/** Where the metadata of the protected resource is served. */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

/** The scopes requested from a client without a credential: enough for the tools that read. */
const FIRST_SCOPES = "market:read account:read";

/** A rejection, independent of the transport. */
export interface Challenge {
  readonly code: HttpErrorCode;
  readonly message: string;
  readonly retry_after_ms?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const REFUSALS = {
  400: {
    code: "ERR_REQUEST_REFUSED",
    message: "A credential belongs in the Authorization header, never in the address",
  },
  401: {
    code: "ERR_UNAUTHENTICATED",
    message: "This server requires authentication: send a key or token as Authorization: Bearer",
  },
  403: {
    code: "ERR_PROXY_UNTRUSTED",
    message:
      "The request says that a proxy forwarded it: without an authentication method only this machine itself is served",
  },
  503: { code: "ERR_UNAVAILABLE", message: "Credentials cannot be checked at the moment: try again later" },
} as const satisfies Record<Denial["status"], Pick<Challenge, "code" | "message">>;

/** The response to a denied request; `metadataUrl` when tokens are accepted. */
export function challengeOf(
  { status, hasCredential, retryAfterMs, message = REFUSALS[status].message }: Pick<
    Denial,
    "status" | "hasCredential" | "retryAfterMs" | "message"
  >,
  metadataUrl?: string,
): Challenge {
  const { code } = REFUSALS[status];
  const error = hasCredential ? ["invalid_token"] : [];
  return {
    code,
    message,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(status === 401 ? { headers: { "www-authenticate": bearer({ error, metadataUrl, scope: FIRST_SCOPES }) } } : {}),
  };
}

/** The response to a caller that lacks a scope. */
export function scopeChallenge(
  { scope, granted, metadataUrl }: { scope: Scope; granted: readonly Scope[]; metadataUrl?: string | undefined },
): Challenge {
  // A client that requests a new token should not lose the scopes of the old one.
  const wanted = [...new Set([...granted, scope])].join(" ");
  return {
    code: "ERR_SCOPE_MISSING",
    message: scopeMissing(scope),
    headers: { "www-authenticate": bearer({ error: ["insufficient_scope"], metadataUrl, scope: wanted }) },
  };
}

/** The sentence about a missing scope. */
function scopeMissing(scope: Scope): string {
  return `Cannot do this as your identity lacks the scope ${scope}: ask the operator of this server for it`;
}

function bearer(
  { error, metadataUrl, scope }: { error: readonly string[]; metadataUrl?: string | undefined; scope: string },
): string {
  const parts = [
    `realm="luno-mcp-server"`,
    ...error.map((code) => `error="${code}"`),
    ...(metadataUrl === undefined ? [] : [`resource_metadata="${metadataUrl}"`, `scope="${scope}"`]),
  ];
  return `Bearer ${parts.join(", ")}`;
}

/**
 * The answer to a client that is not authenticated: a constant body, and in `WWW-Authenticate` how to do better (RFC 6750,
 * RFC 9728). Why it was refused stays in the operator's log.
 */

import type { HttpErrorCode } from "../errors/error_table.ts";
import type { Scope } from "./scopes.ts";
import type { Denial } from "./authenticator.ts";

/** Where the protected resource's metadata is served. */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

/** What callers are asked for who have shown nothing: enough for the tools that read. */
const FIRST_SCOPES = "market:read account:read";

/** A refusal before it is a response. */
export interface Challenge {
  readonly code: HttpErrorCode;
  readonly message: string;
  readonly retry_after_ms?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const REFUSALS = {
  400: {
    code: "ERR_REQUEST_REFUSED",
    message: "A credential belongs in the Authorization header, never in the address, and scopes must be known ones",
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

/** What a denied request is answered; `metadataUrl` where tokens are taken. */
export function challengeOf(
  { status, hasCredential, retryAfterMs }: Pick<Denial, "status" | "hasCredential" | "retryAfterMs">,
  metadataUrl?: string,
): Challenge {
  const { code, message } = REFUSALS[status];
  const error = hasCredential ? ["invalid_token"] : [];
  return {
    code,
    message,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(status === 401 ? { headers: { "www-authenticate": bearer({ error, metadataUrl, scope: FIRST_SCOPES }) } } : {}),
  };
}

/** What a caller is answered who would need another scope. */
export function scopeChallenge(
  { scope, granted, metadataUrl }: { scope: Scope; granted: readonly Scope[]; metadataUrl?: string | undefined },
): Challenge {
  // A client that asks for a new token should not lose what the old one allows.
  const wanted = [...new Set([...granted, scope])].join(" ");
  return {
    code: "ERR_SCOPE_MISSING",
    message: scopeMissing(scope),
    headers: { "www-authenticate": bearer({ error: ["insufficient_scope"], metadataUrl, scope: wanted }) },
  };
}

/** The sentence about a scope that a caller does not have. */
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

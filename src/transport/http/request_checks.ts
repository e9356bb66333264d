/** Admits requests: by Host and Origin, credential, cost, scope. Rejections are answered, logged and counted here. */

import { getLogger } from "../../logging/logger.ts";
import type { Authentication, Denial } from "../../access/authenticator.ts";
import type { Caller } from "../../access/caller.ts";
import { challengeOf, scopeChallenge } from "../../access/challenge.ts";
import { checkOrigin } from "../../access/origin_rules.ts";
import { metadataUrl } from "../../access/resource_metadata.ts";
import type { Scope } from "../../access/scopes.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { Peer } from "../listeners/listener.ts";
import type { HttpParts } from "./parts.ts";
import { pathOf } from "./path.ts";
import { problemResponse } from "./problem.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** Probes may use any Host, as they often know only an address. */
const PROBES = ["/healthz", "/readyz"];

/** Rejects a foreign Host or Origin. */
export function refuseOrigin(parts: HttpParts, request: HttpRequest, { address }: Peer): Response | undefined {
  const path = pathOf(request);
  const refused = checkOrigin(request.headers, parts.rules);
  if (refused === undefined || (refused.header === "Host" && PROBES.includes(path))) return undefined;
  const { header, value, allowedBy } = refused;
  const reason = header === "Host" ? "host" : "origin";
  log.warning("refused", { status: 403, reason, value, allowed_by: allowedBy, address, path: path.slice(0, 100) });
  return refuse(parts, "origin", textResponse(403, `${header} is not allowed`));
}

/** Authenticates a request; an identified client does not count as an unknown one. */
export function authenticate(parts: HttpParts, request: HttpRequest, peer: Peer): Awaitable<Authentication> {
  return whenAnswered(parts.authenticate(request, peer), (authentication) => {
    if (authentication.ok) parts.registry.unknown?.identified(peer);
    else parts.registry.unknown?.refused(peer, authentication.denial.address);
    return authentication;
  });
}

/** The caller of an admitted request that has paid its cost, or the rejection. */
export function admitCaller(parts: HttpParts, request: HttpRequest, peer: Peer): Awaitable<Caller | Response> {
  return whenAnswered(authenticate(parts, request, peer), (authentication): Caller | Response => {
    if (!authentication.ok) return deny(parts, request, authentication.denial);
    return refuseUnaffordable(parts, peer, authentication.caller.identity) ?? authentication.caller;
  });
}

/** Every request has a cost, including those that count for no identity. */
export function refuseUnaffordable(parts: HttpParts, peer: Peer, identity?: string): Response | undefined {
  const price = parts.afford?.(peer, identity);
  if (price === undefined || price.ok) return undefined;
  const message = "Too many requests on this connection: send fewer, as each of them has a price";
  return problemResponse({ code: "ERR_TOO_MANY_REQUESTS", message, retry_after_ms: price.retryAfterMs });
}

/** Answers a request without a valid credential. */
export function deny(parts: HttpParts, request: HttpRequest, denial: Denial): Response {
  const { status, reason, address } = denial;
  log.warning("refused", { status, reason, address, path: new URL(request.url).pathname.slice(0, 100) });
  const url = parts.resource && metadataUrl(parts.resource, request.url);
  return refuse(parts, "access", problemResponse(challengeOf(denial, url)));
}

/** Rejects a caller without a scope. */
export function requireScope(
  parts: HttpParts,
  { caller, url, scope = "server:admin" }: { caller: Caller; url: string; scope?: Scope },
): Response | undefined {
  if (caller.allows(scope)) return undefined;
  log.warning("scope denied", { identity: caller.identity, scope, path: new URL(url).pathname.slice(0, 100) });
  const metadata = parts.resource && metadataUrl(parts.resource, url);
  const granted = caller.scopes;
  return problemResponse(scopeChallenge({ scope, granted, metadataUrl: metadata }));
}

/** Counts a rejection, and returns it. */
export function refuse(parts: HttpParts, reason: Parameters<HttpParts["rejected"]>[0], response: Response): Response {
  parts.rejected(reason);
  return response;
}

/** A response of one line. */
export function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** This server as a protected resource of OAuth 2.0 (RFC 9728): who gives tokens for it, and for which scopes. */

import { SCOPES } from "./scopes.ts";
import { METADATA_PATH } from "./challenge.ts";

/** Where a client found the server, and who vouches for its tokens. */
export interface ResourceFacts {
  readonly issuer: string;
  /** The audience that tokens must have; where it is an address it is the resource's. */
  readonly audience: string;
}

/** The resource's address: the audience, where that is one, else `/mcp` where the request came to. */
export function resourceAddress({ audience }: ResourceFacts, requestUrl: string): URL {
  const named = URL.parse(audience);
  return named !== null && /^https?:$/.test(named.protocol) ? named : new URL("/mcp", requestUrl);
}

/** The address of the metadata: the well-known path goes before the resource's own (RFC 9728, section 3.1). */
export function metadataUrl(facts: ResourceFacts, requestUrl: string): string {
  const { origin, pathname } = resourceAddress(facts, requestUrl);
  return `${origin}${METADATA_PATH}${pathname === "/" ? "" : pathname}`;
}

/** The document. */
export function describeResource(facts: ResourceFacts, requestUrl: string): Record<string, unknown> {
  return {
    resource: resourceAddress(facts, requestUrl).href,
    authorization_servers: [facts.issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "Luno MCP server",
  };
}

/** This server as an OAuth 2.0 protected resource (RFC 9728): who issues tokens for it, and for which scopes. */

import { SCOPES } from "./scopes.ts";
import { METADATA_PATH } from "./challenge.ts";

/** The address at which a client found the server, and the issuer of its tokens. */
export interface ResourceFacts {
  readonly issuer: string;
  /** The required audience of tokens; when it is an address, it is also the resource's. */
  readonly audience: string;
}

/** The resource's address: the audience when that is an address, else `/mcp` at the origin of the request. */
export function resourceAddress({ audience }: ResourceFacts, requestUrl: string): URL {
  const named = URL.parse(audience);
  return named !== null && /^https?:$/.test(named.protocol) ? named : new URL("/mcp", requestUrl);
}

/** The address of the metadata: the well-known path precedes the resource's own (RFC 9728, section 3.1). */
export function metadataUrl(facts: ResourceFacts, requestUrl: string): string {
  const { origin, pathname } = resourceAddress(facts, requestUrl);
  return `${origin}${METADATA_PATH}${pathname === "/" ? "" : pathname}`;
}

/** The metadata document. */
export function describeResource(facts: ResourceFacts, requestUrl: string): Record<string, unknown> {
  return {
    resource: resourceAddress(facts, requestUrl).href,
    authorization_servers: [facts.issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "Luno MCP server",
  };
}

/** Tokens of an issuer that a test server trusts, good ones and forged ones. */

import { createHmac } from "node:crypto";
import { createKey, encoded, signToken } from "../access/identity_provider.ts";
import type { TokenParts } from "../access/identity_provider.ts";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://luno.example/mcp";
/** Where a server with this audience describes itself. */
export const METADATA_URL = "https://luno.example/.well-known/oauth-protected-resource/mcp";

/** The issuer's key. */
export const signingKey = await createKey("RS256", "rsa");

/** Seconds since the Unix epoch, which tokens count in. */
export function seconds(): number {
  return Date.now() / 1_000;
}

/** A token that differs from a good one in these claims and headers. */
export function tokenOf(
  claims: Record<string, unknown> = {},
  { key = signingKey, header = {} }: { key?: typeof signingKey; header?: TokenParts["header"] } = {},
): Promise<string> {
  const good = { iss: ISSUER, aud: AUDIENCE, sub: "tess", iat: seconds() - 10, exp: seconds() + 600 };
  return signToken(key, { header, claims: { ...good, scope: "market:read account:read", ...claims } });
}

/** A token whose "signature" anybody can make who has the public key. */
export async function hmacToken(): Promise<string> {
  const [, claims = ""] = (await tokenOf()).split(".");
  const input = `${encoded({ alg: "HS256", typ: "at+jwt", kid: "rsa" })}.${claims}`;
  return `${input}.${createHmac("sha256", JSON.stringify(signingKey.jwk)).update(input).digest("base64url")}`;
}

/** Every credential that must be refused, and every transport that it is presented at. */

import { crc32 } from "node:zlib";
import { createApiKey } from "../../src/access/api_key.ts";
import { createKey, encoded } from "../access/identity_provider.ts";
import type { GuardedServer } from "./guarded_server.ts";
import { bearer, legacy, modernCall, opening, restCall } from "./requests.ts";
import type { Answered, Asked } from "./requests.ts";
import { hmacToken, ISSUER, seconds, tokenOf } from "./tokens.ts";

/** An `Authorization` header, as often as it is listed; none for an empty list. */
export interface Row {
  readonly name: string;
  readonly authorization: readonly string[];
  /** Texts that must not appear in the log. */
  readonly secrets: readonly string[];
}

/** Transports, each with the headers that it is given. */
export const ENTRANCES: Readonly<
  Record<string, (server: GuardedServer, headers: Asked["headers"]) => Promise<Answered>>
> = {
  "GET /v1/tools": (server, headers = {}) => server.ask("/v1/tools", { headers }),
  "POST /v1/tools/describe_capabilities": (server, headers) =>
    server.ask("/v1/tools/describe_capabilities", restCall(headers)),
  "POST /mcp of 2025-11-25": (server, headers) => server.ask("/mcp", opening(headers)),
  "POST /mcp of 2026-07-28": (server, headers) => server.ask("/mcp", modernCall("describe_capabilities", headers)),
  "POST /mcp without a session": (server, headers) => server.ask("/mcp", legacy("tools/list", { params: {}, headers })),
  "POST /v1/tickets": (server, headers = {}) => server.ask("/v1/tickets", { method: "POST", headers }),
  "GET /status": (server, headers = {}) => server.ask("/status", { headers }),
  "a path that is none": (server, headers = {}) => server.ask("/nothing", { headers }),
  "an upgrade": (server, headers) => server.upgrade(headers),
};

/** The same key id with another secret and its correct checksum. */
function withOtherSecret(key: string): string {
  const [prefix, id] = key.split("_");
  const body = `${prefix}_${id}_${"0123456789abcdef".repeat(4)}`;
  return `${body}_${crc32(body).toString(16).padStart(8, "0")}`;
}

/** Malformed headers, whose content is never read. */
function malformedHeaders(key: string): Readonly<Record<string, readonly string[]>> {
  return {
    "no credential": [],
    "an empty header": [""],
    "Bearer without a token": ["Bearer"],
    "Basic": [`Basic ${btoa(`reader:${key}`)}`],
    "two words": [`Bearer ${key} ${key}`],
    "two headers": [`Bearer ${key}`, `Bearer ${key}`],
    "a key without a scheme": [key],
    "a scheme that is none": [`Token ${key}`],
  };
}

function badKeys({ reader, folder }: GuardedServer): Readonly<Record<string, string>> {
  const past = Date.now() - 10_000;
  const last = reader.at(-1) === "0" ? "1" : "0";
  return {
    "a key that is cut short": reader.slice(0, -1),
    "a key in capitals": reader.toUpperCase(),
    "a key with a wrong checksum": reader.slice(0, -1) + last,
    "a key with a wrong secret": withOtherSecret(reader),
    "a key of another server": createApiKey().text,
    "a key that has expired": folder.addKey("past", ["market:read"], { now: past, expiresAt: past + 1 }),
  };
}

async function badTokens(): Promise<Readonly<Record<string, string>>> {
  const [header = "", claims = "", signature = ""] = (await tokenOf()).split(".");
  const stranger = await createKey("RS256", "rsa");
  return {
    "a token that is none": "eyJhbGciOiJSUzI1NiJ9.e30",
    "a text that is neither key nor token": "hunter2-hunter2-hunter2",
    "a token without a signature": `${header}.${claims}.`,
    "a token with a changed claim": `${header}.${encoded({ iss: ISSUER, sub: "admin" })}.${signature}`,
    "a token that has expired": await tokenOf({ exp: seconds() - 60 }),
    "a token that has expired a moment ago": await tokenOf({ exp: seconds() - 1 }),
    "a token that never expires": await tokenOf({ exp: undefined }),
    "a token that is not valid yet": await tokenOf({ nbf: seconds() + 60 }),
    "a token of the future": await tokenOf({ iat: seconds() + 60 }),
    "a token for another audience": await tokenOf({ aud: "https://other.example/mcp" }),
    "a token for an audience that begins alike": await tokenOf({ aud: "https://luno.example/mcp2" }),
    "a token for no audience": await tokenOf({ aud: undefined }),
    "a token of another issuer": await tokenOf({ iss: "https://issuer.example.evil.example" }),
    "a token of no issuer": await tokenOf({ iss: undefined }),
    "a token about nobody": await tokenOf({ sub: undefined }),
    "alg none": `${encoded({ alg: "none", typ: "at+jwt" })}.${claims}.`,
    "alg none with a signature": `${encoded({ alg: "none", typ: "at+jwt" })}.${claims}.${signature}`,
    "HMAC with the public key": await hmacToken(),
    "a token of a wrong type": await tokenOf({}, { header: { typ: "dpop+jwt" } }),
    "a token of no type": await tokenOf({}, { header: { typ: undefined } }),
    "a stranger's signature": await tokenOf({}, { key: stranger }),
    "a key that came in the token": await tokenOf({}, { key: stranger, header: { jwk: stranger.jwk } }),
    "a critical extension": await tokenOf({}, { header: { crit: ["exp"], exp: 1 } }),
    "an oversized token": await tokenOf({ padding: "x".repeat(6_500) }),
  };
}

/** All rows for one server. */
export async function refusedRows(server: GuardedServer): Promise<readonly Row[]> {
  const revoked = await server.folder.keys("create", "gone");
  await server.folder.keys("revoke", "gone");
  const credentials = { ...badKeys(server), "a key that was revoked": revoked, ...await badTokens() };
  return [
    ...Object.entries(malformedHeaders(server.reader)).map(([name, authorization]) => ({
      name,
      authorization,
      secrets: [secretOf(server.reader)],
    })),
    ...Object.entries(credentials).map(([name, credential]) => ({
      name,
      authorization: [bearer(credential).Authorization ?? ""],
      secrets: [secretOf(credential)],
    })),
  ];
}

/** The confidential part of a credential: a key's secret, the end of anything else. */
export function secretOf(credential: string): string {
  return /^lunomcp_[0-9a-f]{12}_([0-9a-f]{64})/i.exec(credential)?.[1] ?? credential.slice(-16);
}

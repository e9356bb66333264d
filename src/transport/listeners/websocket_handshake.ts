/** The opening handshake of WebSocket (RFC 6455, section 4.2.1), validated the same way on both listeners. */

import type { HeaderFields } from "../../network/header_fields.ts";
import { isWebSocket, offersWebSocket } from "../../network/offers_websocket.ts";
import { parseUrl } from "../../network/parse_url.ts";

/**
 * What a request asks for; also `none` when it offers only other protocols, which a server may ignore (RFC 9110, 7.8).
 */
export type Handshake =
  | { readonly kind: "none" }
  | { readonly kind: "websocket"; readonly protocols: readonly string[] }
  | { readonly kind: "invalid"; readonly response: Response };

const NONE: Handshake = { kind: "none" };
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Reads the handshake in a request. A repeated header arrives joined by a comma, and is therefore invalid; only
 * `Connection` and the subprotocols are lists.
 */
export function readHandshake(
  { method, headers }: { readonly method: string; readonly headers: HeaderFields },
): Handshake {
  const upgrades = headers.get("upgrade");
  if (upgrades === null || !offersWebSocket(upgrades)) return NONE;
  const protocols = listOf(headers.get("sec-websocket-protocol"));
  const problem = firstProblem([
    [method === "GET", "method must be GET"],
    [listOf(upgrades).filter(isWebSocket).length === 1, "Upgrade must say websocket once"],
    [
      listOf(headers.get("connection")).filter((token) => token.toLowerCase() === "upgrade").length === 1,
      "Connection must say Upgrade once",
    ],
    [headers.get("sec-websocket-version") === "13", "Sec-WebSocket-Version must be 13"],
    [KEY.test(headers.get("sec-websocket-key") ?? ""), "Sec-WebSocket-Key must be 16 bytes in base64"],
    [
      protocols.every((protocol) => TOKEN.test(protocol)) && new Set(protocols).size === protocols.length,
      "Sec-WebSocket-Protocol must be a list of different tokens",
    ],
    [
      (headers.get("content-length") ?? "0") === "0" && headers.get("transfer-encoding") === null,
      "body must be empty",
    ],
  ]);
  if (problem === undefined) return { kind: "websocket", protocols };
  return {
    kind: "invalid",
    response: new Response(`Not a WebSocket handshake: ${problem}\n`, {
      status: 400,
      headers: { "sec-websocket-version": "13", "connection": "close" },
    }),
  };
}

/**
 * The address of a request whose `Host` may be invalid (`127.0.0.1:evil.example`), so that an application can read it
 * before it has checked the header; `undefined` when it cannot be repaired.
 */
export function soundUrl(url: string): string | undefined {
  if (parseUrl(url) !== null) return url;
  const replaced = url.replace(/^(https?:\/\/)[^/?#]*/, "$1localhost");
  return URL.canParse(replaced) ? replaced : undefined;
}

/**
 * Whether a request with an absolute target has the same host there as in `Host`, and no user: a proxy may have checked
 * one, while the rules here use the other.
 */
export function isSameHost(target: string, host: string): boolean {
  if (target.startsWith("/")) return true;
  if (isBuiltOf(target, host)) return true;
  if (!/^https?:\/\//i.test(target)) return false;
  const scheme = target.slice(0, target.indexOf(":"));
  const [named, told] = [parseUrl(target), parseUrl(`${scheme}://${host}`)];
  if (named === null || named.username !== "" || named.password !== "") return false;
  // The application rejects an invalid `Host`.
  return told === null || named.host === told.host;
}

/** Whether a body is sent as it is, or in chunks; other transfer codings are not decoded here. */
export function isPlainlyTransferred(coding: string | null | undefined): boolean {
  return coding === null || coding === undefined || coding.toLowerCase() === "chunked";
}

/** Whether a URL has exactly this host, as one that a listener has built from `Host`. */
function isBuiltOf(url: string, host: string): boolean {
  const from = url.startsWith("http://") ? 7 : 8;
  return (from === 7 || url.startsWith("https://")) && url.startsWith(host, from) && url[from + host.length] === "/";
}

function listOf(header: string | null): string[] {
  return header === null ? [] : header.split(",").map((part) => part.trim());
}

function firstProblem(rules: readonly (readonly [holds: boolean, problem: string])[]): string | undefined {
  return rules.find(([holds]) => !holds)?.[1];
}

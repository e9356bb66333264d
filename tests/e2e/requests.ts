/** Requests over HTTP as clients send them, in both eras of the protocol and over REST. */

import assert from "node:assert/strict";

/** JSON without a type, for tests to navigate. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** A request of a test; a list repeats a header. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** What came back. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The opening parameters of a 2025-era client. */
export const INITIALIZE_PARAMS = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "test", version: "1" },
};

/** The header with a key or a token. */
export function bearer(credential: string): Record<string, string> {
  return { Authorization: `Bearer ${credential}` };
}

/** A request of a 2025-era client over HTTP. */
export function legacy(
  method: string,
  { params, headers = {}, id = 1 }: { params: object; headers?: Asked["headers"]; id?: number },
): Asked {
  return {
    method: "POST",
    headers: { ...JSON_HEADERS, "MCP-Protocol-Version": "2025-11-25", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
  };
}

/** The opening of a 2025-era client over HTTP. */
export function opening(headers: Asked["headers"] = {}): Asked {
  const params = { ...INITIALIZE_PARAMS, protocolVersion: "2025-11-25" };
  return legacy("initialize", { params, headers });
}

const JSON_HEADERS = { "Content-Type": "application/json", "Accept": "application/json, text/event-stream" };

/** The `_meta` of every request of a 2026-era client. */
export const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A call of a tool as a 2026-era client sends it over HTTP. */
export function modernCall(name: string, headers: Asked["headers"] = {}): Asked {
  const params = { name, arguments: {}, _meta: ENVELOPE };
  return {
    method: "POST",
    headers: {
      ...JSON_HEADERS,
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": name,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  };
}

/** A call of a tool over REST. */
export function restCall(headers: Asked["headers"] = {}, body = "{}"): Asked {
  return { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body };
}

/** The tools of a list over REST. */
export function toolsOf({ status, body }: Answered): Json[] {
  assert.equal(status, 200, body);
  return JSON.parse(body).tools;
}

/** The one message of an answer, whether it arrived as JSON or as an event. */
export function messageOf({ body }: Answered): Json {
  return JSON.parse(/^data: (.+)$/m.exec(body)?.[1] ?? body);
}

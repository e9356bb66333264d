/** Calls of a client that can show dialogs, in the revision in which an answer is a separate call. */

import type { Json } from "../support/exchange.ts";
import type { RunningServer } from "./servers.ts";

/** One stateless call of a client that says it can show dialogs. */
export async function callOverMcp(
  server: RunningServer,
  params: Record<string, unknown>,
  { key, signal }: { readonly key?: string; readonly signal?: AbortSignal } = {},
): Promise<Json> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
    "io.modelcontextprotocol/clientInfo": { name: "script", version: "1" },
  };
  const response = await fetch(`${server.http}/mcp`, {
    method: "POST",
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": String(params["name"]),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta } }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  const { result, error } = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text);
  return result ?? { error };
}

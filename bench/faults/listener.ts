/**
 * A client of 2026-07-28 over HTTP that listens for a while, on bare TCP, so that disconnecting is certain to end the
 * connection.
 */

import type { Seen } from "./clients.ts";

const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Listens to resources until `signal` aborts. */
export async function listenWhile(
  { address, seen }: { readonly address: string; readonly seen: Seen },
  { uris, signal }: { readonly uris: readonly string[]; readonly signal: AbortSignal },
): Promise<void> {
  const { port } = new URL(address);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  let isLeaving = false;
  const leave = () => {
    if (isLeaving) return;
    isLeaving = true;
    connection.close();
  };
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  try {
    await connection.write(requestFor(uris, port));
    const buffer = new Uint8Array(65_536);
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      const text = new TextDecoder("latin1").decode(buffer.subarray(0, count));
      seen.notifications += text.split("notifications/resources/updated").length - 1;
    }
    seen.disconnected.push(`${new Date().toISOString()} HTTP`);
  } catch (error) {
    if (!isLeaving) seen.disconnected.push(`${new Date().toISOString()} HTTP ${error}`);
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

function requestFor(uris: readonly string[], port: string): Uint8Array {
  const params = { notifications: { resourceSubscriptions: uris }, _meta: ENVELOPE };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params });
  const head = [
    "POST /mcp HTTP/1.1",
    `host: 127.0.0.1:${port}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    "accept: application/json, text/event-stream",
    "mcp-protocol-version: 2026-07-28",
    "mcp-method: subscriptions/listen",
  ];
  return new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`);
}

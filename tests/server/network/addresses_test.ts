import assert from "node:assert/strict";
import { baseUrl, clientAddresses, webSocketUrl } from "../../../src/server/network/addresses.ts";

Deno.test("baseUrl() uses the requested host, and the first allowed host in place of a wildcard address", () => {
  const at = { port: 8765, isSecure: false };
  const urls = [
    baseUrl({ host: "localhost", allowedHosts: ["mcp.example"] }, at),
    baseUrl({ host: "::1", allowedHosts: undefined }, at),
    baseUrl({ host: "0.0.0.0", allowedHosts: ["mcp.example"] }, { ...at, isSecure: true }),
    baseUrl({ host: "0.0.0.0", allowedHosts: undefined }, at),
  ];
  assert.deepEqual(urls, [
    "http://localhost:8765",
    "http://[::1]:8765",
    "https://mcp.example:8765",
    "http://0.0.0.0:8765",
  ]);
});

Deno.test("clientAddresses() names the WebSocket only when it is served, as secure as the rest", () => {
  assert.deepEqual(clientAddresses({ transport: "http" }, "https://localhost:1"), ["https://localhost:1/mcp"]);
  assert.deepEqual(clientAddresses({ transport: "websocket" }, "https://localhost:1"), [
    "wss://localhost:1",
    "https://localhost:1/mcp",
  ]);
  assert.equal(webSocketUrl("http://localhost:1"), "ws://localhost:1");
});

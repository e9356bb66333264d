import assert from "node:assert/strict";
import fc from "fast-check";
import { readHandshake, soundUrl } from "../../../src/transport/listeners/websocket_handshake.ts";

const sound = {
  "connection": "keep-alive, Upgrade",
  "upgrade": "WebSocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function handshakeOf(headers: Record<string, string>, method = "GET"): ReturnType<typeof readHandshake> {
  return readHandshake({ method, headers: new Headers(headers) });
}

Deno.test("readHandshake() accepts any case of the words, and lists the subprotocols", () => {
  assert.deepEqual(handshakeOf(sound), { kind: "websocket", protocols: [] });
  const offered = { ...sound, "sec-websocket-protocol": "mcp,other ,third" };
  assert.deepEqual(handshakeOf(offered), { kind: "websocket", protocols: ["mcp", "other", "third"] });
  assert.deepEqual(handshakeOf({ ...sound, upgrade: "h2c, websocket" }), { kind: "websocket", protocols: [] });
});

Deno.test("readHandshake() ignores requests that ask for no upgrade", () => {
  assert.deepEqual(handshakeOf({}), { kind: "none" });
  assert.deepEqual(handshakeOf({ "connection": "Upgrade" }, "POST"), { kind: "none" });
  for (const upgrade of ["", "h2c", "TLS/1.2, h2c", "websocketx"]) {
    assert.deepEqual(handshakeOf({ ...sound, upgrade }), { kind: "none" }, upgrade);
  }
});

Deno.test("readHandshake() says what is wrong, and which version is supported", async () => {
  const read = handshakeOf({ ...sound, "sec-websocket-version": "8" });
  assert.ok(read.kind === "invalid");
  assert.equal(read.response.status, 400);
  assert.equal(read.response.headers.get("sec-websocket-version"), "13");
  assert.equal(await read.response.text(), "Not a WebSocket handshake: Sec-WebSocket-Version must be 13\n");
});

Deno.test("readHandshake() refuses another method and a body", () => {
  assert.equal(handshakeOf(sound, "POST").kind, "invalid");
  assert.equal(handshakeOf({ ...sound, "content-length": "5" }).kind, "invalid");
  assert.equal(handshakeOf({ ...sound, "transfer-encoding": "chunked" }).kind, "invalid");
  assert.equal(handshakeOf({ ...sound, "content-length": "0" }).kind, "websocket");
});

Deno.test("readHandshake() refuses a header that was sent twice", () => {
  for (const name of Object.keys(sound)) {
    const headers = new Headers(sound);
    headers.append(name, headers.get(name) ?? "");
    assert.equal(readHandshake({ method: "GET", headers }).kind, "invalid", name);
  }
});

Deno.test("readHandshake() reads any headers without throwing", () => {
  const value = fc.string({ unit: "grapheme-ascii" });
  const headers = fc.record(
    Object.fromEntries([...Object.keys(sound), "sec-websocket-protocol"].map((name) => [name, value])),
  );
  fc.assert(fc.property(headers, (some) => {
    assert.ok(["none", "websocket", "invalid"].includes(handshakeOf({ ...sound, ...some }).kind));
  }));
});

Deno.test("soundUrl() keeps a valid address, and path and query of one with an invalid host", () => {
  assert.equal(soundUrl("https://example.org/a?b"), "https://example.org/a?b");
  assert.equal(soundUrl("http://127.0.0.1:evil.example/ws?x=1"), "http://localhost/ws?x=1");
  assert.equal(soundUrl("http://a b"), "http://localhost");
  assert.equal(soundUrl("nonsense"), undefined);
});

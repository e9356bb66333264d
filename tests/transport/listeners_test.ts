import assert from "node:assert/strict";
import { once } from "node:events";
import type { WebSocket } from "ws";
import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import { readBodyText } from "../../src/network/body_text.ts";
import { webRequestOf } from "../../src/transport/listeners/http_request.ts";
import { WholeAnswer } from "../../src/transport/listeners/whole_answer.ts";
import { listenHardened } from "../../src/transport/listeners/hardened.ts";
import { listenNative } from "../../src/transport/listeners/native.ts";
import { certificates, Echo, Events, Listening, type Variant, variants } from "./listening.ts";
import { frameOf, type FrameOptions, OPCODE, RawPeer, upgradeRequest } from "./raw_peer.ts";

type Body = (variant: Variant) => Promise<void>;

/** One promise of every listener. */
function every(promise: string, body: Body): void {
  for (const variant of variants) Deno.test(`${variant.name} ${promise}`, () => body(variant));
}

/** One promise of the hardened listener alone. */
function hardened(promise: string, body: Body): void {
  for (const variant of variants.filter(({ name }) => name.includes("Hardened"))) {
    Deno.test(`${variant.name} ${promise}`, () => body(variant));
  }
}

async function openClient(listening: Listening, protocols: string[] = []): Promise<WebSocket> {
  const client = listening.client(protocols);
  await once(client, "open");
  return client;
}

async function echoOf(client: WebSocket, text: string): Promise<string> {
  const answer = once(client, "message");
  client.send(text);
  const [data] = await answer;
  return String(data);
}

async function closingOf(client: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(client, "close");
  return { code, reason: String(reason) };
}

every("answers requests with method, path, headers and body", async (variant) => {
  await using listening = await Listening.start(variant);
  const get = await listening.fetch("/a/b?c=%20d", { headers: { "x-test": "1" } });
  assert.deepEqual(await get.json(), { method: "GET", path: "/a/b?c=%20d", body: "", x: "1" });
  const post = await listening.fetch("/rest", { method: "POST", body: "{}€" });
  assert.deepEqual(await post.json(), { method: "POST", path: "/rest", body: "{}€", x: null });
  assert.deepEqual(listening.application.peers.map(({ address }) => address), ["127.0.0.1", "127.0.0.1"]);
});

every("gives the application a request with its host, which can be made into the web's own", async (variant) => {
  const application = new Echo({
    fetch: (request) => {
      const web = new Request(webRequestOf(request));
      const all = [request, web].map(({ method, url, headers }) => [method, new URL(url).host, headers.get("host")]);
      return Promise.resolve(Response.json(all));
    },
  });
  await using listening = await Listening.start(variant, { application });
  const host = `127.0.0.1:${listening.port}`;
  const own = ["DELETE", host, host];
  assert.deepEqual(await (await listening.fetch("/", { method: "DELETE" })).json(), [own, own]);
});

every("gives a body at once and in pieces", async (variant) => {
  const application = new Echo({
    async fetch(request) {
      const isAtOnce = request.headers.get("x-test") === "at once";
      const text = isAtOnce
        ? new TextDecoder().decode(await request.bytes())
        : await readBodyText(request.body, { maxBytes: 1_000_000 });
      return new Response(String(text.length));
    },
  });
  await using listening = await Listening.start(variant, { application });
  for (const way of ["at once", "in pieces"]) {
    for (const length of [0, 5, 300_000]) {
      const init = { method: "POST", body: "x".repeat(length), headers: { "x-test": way } };
      assert.equal(await (await listening.fetch("/", init)).text(), String(length), way);
    }
  }
});

every("writes a whole answer as it was made, and one with more headers with those", async (variant) => {
  const application = new Echo({
    async fetch(request) {
      await request.bytes();
      const answer = new WholeAnswer('{"price":"€"}', { "content-type": "application/json" });
      return request.headers.has("x-test") ? answer.with({ "x-more": "yes" }) : answer;
    },
  });
  await using listening = await Listening.start(variant, { application });
  for (const headers of [{}, { "x-test": "1" }]) {
    const response = await listening.fetch("/", { method: "POST", body: "{}", headers });
    assert.deepEqual(["content-type", "content-length", "x-more"].map((name) => response.headers.get(name)), [
      "application/json",
      "15",
      "x-test" in headers ? "yes" : null,
    ]);
    assert.equal(await response.text(), '{"price":"€"}');
  }
});

for (const variant of variants.filter(({ name }) => name.includes("Native"))) {
  Deno.test(`${variant.name} releases a request that was answered, whole or as the web has it`, async () => {
    for (const answer of [() => new WholeAnswer("whole", {}), () => new Response("of the web")]) {
      const application = new Echo({ fetch: answer });
      await using listening = await Listening.start(variant, { application });
      await (await listening.fetch("/", { method: "POST", body: "{}" })).text();
      if (application.open > 0) await application.empty.next();
      assert.equal(application.open, 0);
    }
  });
}

every("streams an answer while it is made", async (variant) => {
  const { promise: more, resolve } = Promise.withResolvers<void>();
  const application = new Echo({
    fetch: () => {
      const body = ReadableStream.from((async function* () {
        yield "first";
        await more;
        yield "second";
      })()).pipeThrough(new TextEncoderStream());
      return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    },
  });
  await using listening = await Listening.start(variant, { application });
  const chunks = (await listening.fetch("/")).body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await chunks?.read())?.value, "first");
  resolve();
  assert.equal((await chunks?.read())?.value, "second");
  assert.equal((await chunks?.read())?.done, true);
});

every("tells the application when a client gives up on a request", async (variant) => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const application = new Echo({
    fetch: async (request) => {
      request.signal.addEventListener("abort", () => resolve());
      arrive();
      await aborted;
      return new Response();
    },
  });
  await using listening = await Listening.start(variant, { application });
  const abort = new AbortController();
  const answer = assert.rejects(listening.fetch("/", { signal: abort.signal }));
  await arrived;
  abort.abort();
  await aborted;
  await answer;
});

every("answers 500 without details where the application fails", async (variant) => {
  const fail = () => {
    throw new Error("secret detail");
  };
  await using listening = await Listening.start(variant, { application: new Echo({ fetch: fail, upgrade: fail }) });
  const answer = await listening.fetch("/");
  assert.equal(answer.status, 500);
  assert.equal(await answer.text(), "Internal error\n");
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(upgradeRequest());
  assert.match(await peer.head(), /^HTTP\/1\.1 500 /);
});

every("closes a socket with 1011 where the application fails on a message", async (variant) => {
  const application = new Echo();
  await using listening = await Listening.start(variant, {
    application: new Echo({
      upgrade: () =>
        Promise.resolve({
          open: (socket) => ({
            ...application.accept().open(socket),
            text() {
              throw new Error("secret detail");
            },
          }),
        }),
    }),
  });
  const client = await openClient(listening);
  const closing = closingOf(client);
  client.send("x");
  assert.deepEqual(await closing, { code: 1011, reason: "internal error" });
  assert.equal((await application.closed.next()).code, 1011);
});

every("carries text both ways, in order and unchanged", async (variant) => {
  await using listening = await Listening.start(variant);
  const client = await openClient(listening);
  const texts = ["", "plain", "€ 😀 \u0000", "x".repeat(60_000), ...Array.from({ length: 100 }, (_, n) => `${n}`)];
  const received: string[] = [];
  const all = new Promise<void>((resolve) =>
    client.on("message", (data) => received.push(String(data)) === texts.length && resolve())
  );
  for (const text of texts) client.send(text);
  await all;
  assert.deepEqual(received, texts);
});

every("echoes the subprotocol that the application chose, when it was offered", async (variant) => {
  await using listening = await Listening.start(variant);
  assert.equal((await openClient(listening, ["other", "mcp"])).protocol, "mcp");
  assert.equal((await openClient(listening)).protocol, "");
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(upgradeRequest({ "Sec-WebSocket-Protocol": "other" }));
  const head = await peer.head();
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.doesNotMatch(head, /sec-websocket-protocol/i);
});

every("takes a message of exactly the limit, counted in bytes, whole or in fragments", async (variant) => {
  await using listening = await Listening.start(variant, { maxMessageSize: 3_000 });
  const client = await openClient(listening);
  for (const text of ["x".repeat(3_000), "€".repeat(1_000)]) assert.equal(await echoOf(client, text), text);
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  await peer.write(frameOf(OPCODE.text, "a".repeat(1_500), { fin: false }));
  await peer.write(frameOf(OPCODE.continuation, "b".repeat(1_500)));
  const frame = await peer.frame();
  assert.equal(new TextDecoder().decode(frame?.payload), "a".repeat(1_500) + "b".repeat(1_500));
});

every("closes with 1009 for a message above the limit, whole, in bytes, binary or in fragments", async (variant) => {
  await using listening = await Listening.start(variant, { maxMessageSize: 3_000 });
  const messages: Uint8Array[][] = [
    [frameOf(OPCODE.text, "x".repeat(3_001))],
    [frameOf(OPCODE.text, `${"€".repeat(1_000)}x`)],
    [frameOf(OPCODE.binary, new Uint8Array(3_001))],
    [frameOf(OPCODE.text, "x".repeat(2_000), { fin: false }), frameOf(OPCODE.continuation, "x".repeat(1_001))],
  ];
  for (const frames of messages) {
    using peer = await RawPeer.open(listening.port, listening.caCerts);
    for (const frame of frames) await peer.write(frame);
    assert.equal(await peer.closeCode(), 1009);
    await peer.write(frameOf(OPCODE.close, new Uint8Array([0x03, 0xf1])));
    peer[Symbol.dispose]();
    assert.equal((await listening.application.closed.next()).code, 1009);
  }
});

every("tells the application of a binary message, not its content", async (variant) => {
  await using listening = await Listening.start(variant);
  (await openClient(listening)).send(new Uint8Array([1, 2, 3]));
  assert.equal(await listening.application.binaries.next(), true);
});

every("carries close codes both ways", async (variant) => {
  await using listening = await Listening.start(variant);
  const leaving = await openClient(listening);
  leaving.close(4_001, "done here");
  assert.deepEqual(await listening.application.closed.next(), { code: 4_001, reason: "done here" });
  await listening.application.sockets.next();

  const told = closingOf(await openClient(listening));
  const socket = await listening.application.sockets.next();
  socket.close(1008, "too much");
  assert.deepEqual(await told, { code: 1008, reason: "too much" });
  assert.equal((await listening.application.closed.next()).code, 1008);
  socket.send("late");
  socket.close(1000, "late");
  socket.terminate();
});

every("answers frames that came together in their order, the close behind them", async (variant) => {
  const application = new Echo({
    upgrade: () =>
      Promise.resolve({
        open: (socket) => ({
          text: (text) => {
            socket.send(text);
            if (text === "last") socket.close(1000, "");
          },
          binary() {},
          closed() {},
        }),
      }),
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  const texts = ["1", "x".repeat(2_000), "3", "last"];
  await peer.write(new Uint8Array(texts.flatMap((text) => [...frameOf(OPCODE.text, text)])));
  for (const text of texts) {
    const frame = await peer.frame();
    assert.deepEqual([frame?.opcode, new TextDecoder().decode(frame?.payload)], [OPCODE.text, text]);
  }
  assert.equal((await peer.frame())?.opcode, OPCODE.close);
});

every("tells the application when a peer vanishes without a word", async (variant) => {
  await using listening = await Listening.start(variant);
  const peer = await RawPeer.open(listening.port, listening.caCerts);
  await listening.application.sockets.next();
  peer[Symbol.dispose]();
  assert.equal((await listening.application.closed.next()).code, 1006);
});

every("hands the application no message after it closed a socket", async (variant) => {
  const texts: string[] = [];
  const application = new Echo({
    upgrade: () =>
      Promise.resolve({
        open: (socket) => ({
          text: (text) => {
            texts.push(text);
            socket.close(1000, "enough");
          },
          binary() {},
          closed: (code, reason) => application.closed.push({ code, reason }),
        }),
      }),
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  for (const text of ["1", "2", "3"]) await peer.write(frameOf(OPCODE.text, text));
  peer[Symbol.dispose]();
  await application.closed.next();
  assert.deepEqual(texts, ["1"]);
});

/** An application that cuts a socket off at its third message. */
function cuttingEcho(texts: string[]): Echo {
  const application = new Echo({
    upgrade: () =>
      Promise.resolve({
        open: (socket) => ({
          text: (text) => {
            texts.push(text);
            if (texts.length === 3) socket.cut(1008, "too many messages");
          },
          binary() {},
          closed: (code, reason) => application.closed.push({ code, reason }),
        }),
      }),
  });
  return application;
}

every("cuts a flooding peer off, and serves others at once", async (variant) => {
  const texts: string[] = [];
  await using listening = await Listening.start(variant, { application: cuttingEcho(texts) });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  const piece = frameOf(OPCODE.text, "x".repeat(20));
  const flood = new Uint8Array(piece.length * 100_000);
  for (let at = 0; at < flood.length; at += piece.length) flood.set(piece, at);
  const flooding = peer.write(flood);
  const code = await peer.closeCode();
  // The runtime drops whoever sends on, often before it has told the code.
  assert.ok(code === 1008 || (variant.listen === listenNative && code === undefined), `${code}`);
  assert.equal((await listening.fetch("/")).status, 200);
  peer[Symbol.dispose]();
  await flooding;
  assert.equal(texts.length, 3);
});

const PIPELINED = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

every("begins at most eight requests of a connection at once, and answers all in order", async (variant) => {
  const begun = new Events<PromiseWithResolvers<Response>>();
  let open = 0;
  let most = 0;
  const application = new Echo({
    fetch: async () => {
      const answer = Promise.withResolvers<Response>();
      most = Math.max(most, ++open);
      begun.push(answer);
      return await answer.promise.finally(() => open--);
    },
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(PIPELINED.repeat(100));
  for (let number = 100; number < 200; number++) {
    (await begun.next()).resolve(new Response(`${number}`));
    await peer.head();
    assert.equal(await peer.text(3), `${number}`);
  }
  assert.ok(most <= 8, `${most}`);
});

every("serves others while a client pipelines without end", async (variant) => {
  let answered = 0;
  const application = new Echo({
    fetch: () => {
      answered++;
      return Promise.resolve(new Response("x"));
    },
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  const flooding = peer.write(PIPELINED.repeat(40_000));
  await peer.head();
  assert.equal((await listening.fetch("/")).status, 200);
  assert.ok(answered < 40_000, "served after the flood alone");
  peer[Symbol.dispose]();
  await flooding;
});

every("answers a refused upgrade with the application's status, headers and body", async (variant) => {
  const upgrade = () =>
    Promise.resolve(new Response("wait\n", { status: 429, headers: { "retry-after": "7", "x-why": "rate" } }));
  await using listening = await Listening.start(variant, { application: new Echo({ upgrade }) });
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(upgradeRequest({ "X-Test": "1" }));
  const head = await peer.head();
  assert.match(head, /^HTTP\/1\.1 429 /);
  assert.match(head, /\r\nretry-after: 7\r\n/i);
  assert.match(head, /\r\nx-why: rate\r\n/i);
  assert.match(head, /\r\ncontent-length: 5\r\n/i);
});

const wrongHandshakes: Record<string, Parameters<typeof upgradeRequest>[0]> = {
  "two upgrades": { "Upgrade": ["websocket", "websocket"] },
  "a list that says it twice": { "Upgrade": "websocket, h2c, WebSocket" },
  "no Connection": { "Connection": undefined },
  "another Connection": { "Connection": "keep-alive" },
  "two Connections": { "Connection": ["Upgrade", "Upgrade"] },
  "no key": { "Sec-WebSocket-Key": undefined },
  "a short key": { "Sec-WebSocket-Key": "c2hvcnQ=" },
  "two keys": { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] },
  "no version": { "Sec-WebSocket-Version": undefined },
  "an old version": { "Sec-WebSocket-Version": "8" },
  "two versions": { "Sec-WebSocket-Version": ["13", "13"] },
  "a subprotocol twice": { "Sec-WebSocket-Protocol": ["mcp", "mcp"] },
  "a subprotocol that is no token": { "Sec-WebSocket-Protocol": "mcp, a b" },
  "two hosts": { "Host": ["localhost", "evil.example"] },
};

every("answers 400 to a handshake with wrong or repeated headers, before the application", async (variant) => {
  let asked = 0;
  const count = () => {
    asked++;
    return Promise.resolve(new Response());
  };
  const application = new Echo({ upgrade: count, fetch: count });
  await using listening = await Listening.start(variant, { application });
  for (const [name, headers] of Object.entries(wrongHandshakes)) {
    using peer = await RawPeer.connect(listening.port, listening.caCerts);
    await peer.write(upgradeRequest(headers));
    assert.match(await peer.head(), /^HTTP\/1\.1 400 /, name);
  }
  assert.equal(asked, 0);
});

every("answers requests that offer other upgrades as if they offered none, bodies included", async (variant) => {
  await using listening = await Listening.start(variant);
  for (const upgrade of ["h2c", "TLS/1.2", "h2c, TLS/1.3", "websocketx", ""]) {
    // The native runtime answers 400 to whatever has a body and offers another protocol.
    for (const body of variant.listen === listenHardened ? ["", "hello"] : [""]) {
      const method = body === "" ? "GET" : "POST";
      const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
      using peer = await RawPeer.connect(listening.port, listening.caCerts);
      // As Java's client asks: HTTP/2 is offered along with the first request.
      await peer.write(
        `${method} /tools HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n${length}` +
          `Host: localhost\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: ${upgrade}\r\n\r\n${body}`,
      );
      const head = await peer.head();
      assert.match(head, /^HTTP\/1\.1 200 /, `${method} ${upgrade}`);
      const seen = JSON.parse(await peer.text(Number(/content-length: (\d+)/i.exec(head)?.[1])));
      assert.deepEqual([seen.method, seen.body], [method, body], `${method} ${upgrade}`);
    }
  }
});

every("opens a WebSocket that is offered among other upgrades", async (variant) => {
  await using listening = await Listening.start(variant);
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(upgradeRequest({ "Upgrade": "h2c, WebSocket" }));
  assert.match(await peer.head(), /^HTTP\/1\.1 101 /);
});

every("lets the application check a host that is none", async (variant) => {
  const accepts = (request: Request) => {
    const answer = { host: request.headers.get("host"), path: new URL(request.url).pathname };
    return Promise.resolve(Response.json(answer, { status: 403 }));
  };
  const application = new Echo({ upgrade: accepts, fetch: accepts });
  await using listening = await Listening.start(variant, { application });
  const host = "127.0.0.1:evil.example";
  for (const request of [upgradeRequest({ Host: host }), `GET /ws HTTP/1.1\r\nHost: ${host}\r\n\r\n`]) {
    using peer = await RawPeer.connect(listening.port, listening.caCerts);
    await peer.write(request);
    assert.match(await peer.head(), /^HTTP\/1\.1 403 /);
    assert.equal(await peer.text(24 + host.length), JSON.stringify({ host, path: "/ws" }));
  }
});

every("survives bytes that are no HTTP", async (variant) => {
  await using listening = await Listening.start(variant);
  for (const garbage of ["\u0000\u0001\u0002 nonsense\r\n\r\n", "GET\r\n\r\n", `GET / HTTP/9.9\r\n\r\n`]) {
    using peer = await RawPeer.connect(listening.port, listening.caCerts);
    await peer.write(garbage);
    assert.match(await peer.end(), /^$|^HTTP\/1\.1 (400|505) /);
  }
  assert.equal((await listening.fetch("/")).status, 200);
});

every("turns away what the application does not admit, and releases what it did", async (variant) => {
  let admit = false;
  const application = new Echo({ admit: () => admit ? { release() {} } : false });
  await using listening = await Listening.start(variant, { application });
  const answer = await listening.fetch("/").then((response) => response.status, () => "no connection");
  assert.ok(answer === 503 || answer === "no connection", `${answer}`);
  assert.deepEqual(application.peers, []);
  admit = true;
  const client = await openClient(listening);
  assert.equal(application.open, 1);
  client.close();
  await application.empty.next();
  assert.equal(application.open, 0);
});

every("drops a peer that does not answer pings", async (variant) => {
  await using listening = await Listening.start(variant, { pingIntervalMs: 100 });
  using silent = await RawPeer.open(listening.port, listening.caCerts);
  const gone = await listening.application.closed.next();
  assert.notEqual(gone.code, 1000);
  assert.equal((await silent.frame())?.opcode, OPCODE.ping);
  await silent.end();
});

// Who answers is in this process too, which may stand still on a busy machine: it has two seconds. All listeners wait together.
Deno.test("every listener keeps a peer that answers pings", async () => {
  await Promise.all(variants.map(async (variant) => {
    await using listening = await Listening.start(variant, { pingIntervalMs: 2_000 });
    const client = await openClient(listening);
    for (let pings = 0; pings < 3; pings++) await once(client, "ping");
    assert.equal(await echoOf(client, "still here"), "still here");
  }));
});

every("accepts nothing more after stopAccepting(), while open sockets go on", async (variant) => {
  await using listening = await Listening.start(variant);
  const client = await openClient(listening);
  listening.listener.stopAccepting();
  const late = await listening.fetch("/").then((response) => response.status, () => "refused");
  assert.ok(late === 503 || late === "refused", `${late}`);
  assert.equal(await echoOf(client, "still here"), "still here");
});

every("leaves nothing open after close(), which can be called twice", async (variant) => {
  const application = new Echo();
  await using listening = await Listening.start(variant, { application });
  const client = await openClient(listening);
  const closing = closingOf(client);
  using idle = await RawPeer.connect(listening.port, listening.caCerts);
  await listening.listener.close();
  await closing;
  await application.closed.next();
  if (application.open > 0) await application.empty.next();
  await idle.end();
  await assert.rejects(listening.fetch("/"));
  await listening.listener.close();
});

every("rejects with EADDRINUSE and EADDRNOTAVAIL where the address cannot be had", async (variant) => {
  await using listening = await Listening.start(variant);
  await assert.rejects(Listening.start(variant, { port: listening.port }), { code: "EADDRINUSE" });
  await assert.rejects(Listening.start(variant, { hostname: "203.0.113.1" }), { code: "EADDRNOTAVAIL" });
});

// What the native listener cannot do, or does without a close code.

const wrongFrames: Record<string, { frames: [number, string | Uint8Array, FrameOptions?][]; code: number }> = {
  "an unmasked frame": { frames: [[OPCODE.text, "x", { masked: false }]], code: 1002 },
  "a reserved bit": { frames: [[OPCODE.text, "x", { reserved: 4 }]], code: 1002 },
  "another reserved bit": { frames: [[OPCODE.text, "x", { reserved: 1 }]], code: 1002 },
  "a reserved opcode": { frames: [[3, "x"]], code: 1002 },
  "a continuation of nothing": { frames: [[OPCODE.continuation, "x"]], code: 1002 },
  "a message inside another": {
    frames: [[OPCODE.text, "x", { fin: false }], [OPCODE.text, "y"]],
    code: 1002,
  },
  "a fragmented ping": { frames: [[OPCODE.ping, "x", { fin: false }]], code: 1002 },
  "a ping that is too long": { frames: [[OPCODE.ping, "x".repeat(126)]], code: 1002 },
  "a close code that must not be sent": { frames: [[OPCODE.close, new Uint8Array([0x03, 0xed])]], code: 1002 },
  "invalid UTF-8": { frames: [[OPCODE.text, new Uint8Array([0xc3, 0x28])]], code: 1007 },
  "a surrogate in UTF-8": { frames: [[OPCODE.text, new Uint8Array([0xed, 0xa0, 0x80])]], code: 1007 },
  "a length above the limit": { frames: [[OPCODE.text, "", { length: 65_537 }]], code: 1009 },
  "a length of four gibibytes": { frames: [[OPCODE.text, "", { length: 2 ** 32 }]], code: 1009 },
  "a length beyond whole numbers": { frames: [[OPCODE.text, "", { length: 2 ** 60 }]], code: 1009 },
};

hardened("answers every wrong frame with its close code, and tells the application the same", async (variant) => {
  await using listening = await Listening.start(variant);
  for (const [name, { frames, code }] of Object.entries(wrongFrames)) {
    using peer = await RawPeer.open(listening.port, listening.caCerts);
    for (const [opcode, payload, options] of frames) await peer.write(frameOf(opcode, payload, options));
    assert.equal(await peer.closeCode(), code, name);
    peer[Symbol.dispose]();
    assert.equal((await listening.application.closed.next()).code, code, name);
  }
});

hardened("cuts a message off at the first fragment that passes the limit", async (variant) => {
  await using listening = await Listening.start(variant, { maxMessageSize: 1_000 });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  await peer.write(frameOf(OPCODE.text, "x".repeat(900), { fin: false }));
  await peer.write(frameOf(OPCODE.continuation, "", { fin: false, length: 101 }));
  assert.equal(await peer.closeCode(), 1009);
});

hardened("takes 256 fragments of a message, and one for each 4 KiB of the largest message", async (variant) => {
  for (const [maxMessageSize, most] of [[65_536, 256], [2 * 1_048_576, 512]] as const) {
    await using listening = await Listening.start(variant, { maxMessageSize });
    using peer = await RawPeer.open(listening.port, listening.caCerts);
    await peer.write(fragments(most, "x"));
    assert.equal(new TextDecoder().decode((await peer.frame())?.payload), "x".repeat(most));
    await peer.write(fragments(most + 1, ""));
    assert.equal(await peer.closeCode(), 1008);
  }
});

/** A message of that many fragments with the same text. */
function fragments(count: number, text: string): Uint8Array {
  const frames = Array.from({ length: count }, (_, index) => {
    return frameOf(index === 0 ? OPCODE.text : OPCODE.continuation, text, { fin: index === count - 1 });
  });
  return new Uint8Array(frames.flatMap((frame) => [...frame]));
}

hardened("cuts half a header, half a body and silence, and keeps an answer that takes its time", async (variant) => {
  const { promise: more, resolve } = Promise.withResolvers<void>();
  const application = new Echo({
    fetch: async (request) => {
      if (request.method === "POST") return new Response(await request.bytes().then(String, () => "cut"));
      return new Response(
        ReadableStream.from((async function* () {
          yield "slow ";
          await more;
          yield "answer";
        })()).pipeThrough(new TextEncoderStream()),
      );
    },
  });
  await using listening = await Listening.start(variant, {
    application,
    headersTimeoutMs: 1_000,
    requestTimeoutMs: 2_000,
  });
  const slow = await listening.fetch("/");
  const open = await openClient(listening);
  const halves = [
    "",
    "GET / HTTP/1.1\r\nHost: localhost\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
  ];
  await Promise.all(halves.map(async (half) => {
    using peer = await RawPeer.connect(listening.port, listening.caCerts);
    await peer.write(half);
    assert.match(await peer.end(), /^$|^HTTP\/1\.1 408 /);
  }));
  resolve();
  assert.equal(await slow.text(), "slow answer");
  assert.equal(
    await echoOf(open, "upgraded connections have no such limit"),
    "upgraded connections have no such limit",
  );
});

hardened("begins nothing more on a connection that an answer ends", async (variant) => {
  let begun = 0;
  const application = new Echo({
    fetch: () => {
      begun++;
      return Promise.resolve(new Response("no", { status: 401, headers: { connection: "close" } }));
    },
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(PIPELINED.repeat(1_000));
  const text = await peer.end();
  assert.deepEqual([begun <= 8, text.match(/HTTP\/1\.1 401/g)?.length], [true, 1]);
});

const ENDS: Record<string, readonly [request: string, answer: RegExp]> = {
  "an upgrade": [upgradeRequest(), /^HTTP\/1\.1 101 /],
  "a refused upgrade": [upgradeRequest({ "X-Refused": "1" }), /^HTTP\/1\.1 401 /],
  "CONNECT": ["CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 405 /],
};

for (const [name, [end, answer]] of Object.entries(ENDS)) {
  hardened(`answers the requests before ${name} first, in order`, async (variant) => {
    let count = 0;
    const application: Echo = new Echo({
      fetch: () => Promise.resolve(new Response(`${count++}`)),
      upgrade: ({ headers }) =>
        Promise.resolve(headers.has("x-refused") ? new Response("no", { status: 401 }) : application.accept()),
    });
    await using listening = await Listening.start(variant, { application });
    using peer = await RawPeer.connect(listening.port, listening.caCerts);
    const text = "x".repeat(3_000);
    const behind = name === "an upgrade" ? ["first", text].map((each) => frameOf(OPCODE.text, each)) : [];
    const head = new TextEncoder().encode(PIPELINED.repeat(10) + end);
    await peer.write(new Uint8Array([head, ...behind].flatMap((bytes) => [...bytes])));
    for (let number = 0; number < 10; number++) {
      assert.match(await peer.head(), /^HTTP\/1\.1 200 /);
      assert.equal(await peer.text(1), `${number}`);
    }
    assert.match(await peer.head(), answer);
    if (name !== "an upgrade") return;
    await peer.write(frameOf(OPCODE.text, "last"));
    for (const expected of ["first", text, "last"]) {
      assert.equal(new TextDecoder().decode((await peer.frame())?.payload), expected);
    }
  });
}

hardened("hands what comes right behind an upgrade to its socket", async (variant) => {
  await using listening = await Listening.start(variant);
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  const text = "x".repeat(3_000);
  const frames = [text, "second"].map((each) => frameOf(OPCODE.text, each));
  const head = new TextEncoder().encode(upgradeRequest());
  await peer.write(new Uint8Array([head, ...frames].flatMap((bytes) => [...bytes])));
  assert.match(await peer.head(), /^HTTP\/1\.1 101/);
  for (const expected of [text, "second"]) {
    assert.equal(new TextDecoder().decode((await peer.frame())?.payload), expected);
  }
});

/** What comes back for a raw request, with the application's part. */
async function answerTo(variant: Variant, text: string): Promise<string> {
  await using listening = await Listening.start(variant);
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(text);
  return await peer.head();
}

const CRLF = "\r\n";

hardened("answers 400 to what is not HTTP/1.1 to the letter", async (variant) => {
  const crooked: Record<string, string> = {
    "no Host": `GET / HTTP/1.1${CRLF}${CRLF}`,
    "two hosts": `GET / HTTP/1.1${CRLF}Host: localhost${CRLF}Host: localhost${CRLF}${CRLF}`,
    "bare LF": "GET / HTTP/1.1\nHost: localhost\n\n",
    "one bare LF": `GET / HTTP/1.1${CRLF}Host: localhost\nX: y${CRLF}${CRLF}`,
    "an upgrade of HTTP/1.0": upgradeRequest().replace("HTTP/1.1", "HTTP/1.0"),
    "a bad chunk size": `POST / HTTP/1.1${CRLF}Host: localhost${CRLF}Transfer-Encoding: chunked${CRLF}${CRLF}zz${CRLF}`,
  };
  for (const [name, text] of Object.entries(crooked)) {
    assert.match(await answerTo(variant, text), /^HTTP\/1\.1 400 [^]*\nconnection: close\r/i, name);
  }
});

every("passes a request of HTTP/1.0 without Host on, as probes send it", async (variant) => {
  assert.match(await answerTo(variant, `GET /healthz HTTP/1.0${CRLF}${CRLF}`), /^HTTP\/1\.\d 200 /);
});

every("answers 400 to a target that names another host than Host, and ends the connection", async (variant) => {
  const text = `GET http://evil.example/ HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`;
  assert.match(await answerTo(variant, text), /^HTTP\/1\.1 400 [^]*\nconnection: close\r/i);
});

every("answers 400 to a target of another scheme, or with a user, and ends the connection", async (variant) => {
  for (
    const target of ["ftp://localhost/", "ws://evil.example/", "http://evil@localhost/", "http://evil:x@localhost/"]
  ) {
    const text = `GET ${target} HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`;
    assert.match(await answerTo(variant, text), /^HTTP\/1\.1 400 [^]*\nconnection: close\r/i, target);
  }
});

every("answers 400 to a body in a coding that it does not unpack, and ends the connection", async (variant) => {
  for (const coding of ["gzip, chunked", "deflate,chunked", "chunked, chunked"]) {
    const head = `POST / HTTP/1.1${CRLF}Host: localhost${CRLF}Transfer-Encoding: ${coding}${CRLF}${CRLF}`;
    const answer = await answerTo(variant, `${head}2${CRLF}{}${CRLF}0${CRLF}${CRLF}`);
    assert.match(answer, /^HTTP\/1\.1 400 [^]*\nconnection: close\r/i, coding);
  }
});

every("takes a whole address as target when it names the same host", async (variant) => {
  for (const target of ["http://localhost/x", "http://LOCALHOST:80/x", "HTTP://localhost/x"]) {
    const text = `GET ${target} HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`;
    assert.match(await answerTo(variant, text), /^HTTP\/1\.1 200 /, target);
  }
});

hardened("answers 405 to a method that the web cannot ask", async (variant) => {
  for (const target of ["TRACE /", "CONNECT localhost:80", "CONNECT /ws"]) {
    const head = await answerTo(variant, `${target} HTTP/1.1${CRLF}Host: localhost${CRLF}${CRLF}`);
    assert.match(head, /^HTTP\/1\.1 405 /, target);
    assert.match(head, /allow: GET, HEAD, POST/i);
    assert.match(head, /connection: close/i);
  }
});

every("answers 400 to a version of HTTP that it does not speak, and ends the connection", async (variant) => {
  for (const line of ["GET /healthz", "GET /healthz HTTP/0.9", "GET /healthz HTTP/1.2", "GET /healthz HTTP/2.0"]) {
    const head = await answerTo(variant, `${line}${CRLF}Host: localhost${CRLF}${CRLF}`);
    assert.match(head, /^HTTP\/1\.1 400 [^]*\nconnection: close\r/i, line);
  }
});

hardened(
  "asks for a body that is announced when it is not too large, and else leaves the answer to the application",
  async (variant) => {
    const application = new Echo({
      fetch: (request) =>
        Promise.resolve(
          new Response("", { status: Number(request.headers.get("content-length")) > 65_536 ? 413 : 200 }),
        ),
    });
    await using listening = await Listening.start(variant, { application });
    for (const [size, status] of [[5, "100"], [5_000_000, "413"]]) {
      using peer = await RawPeer.connect(listening.port, listening.caCerts);
      await peer.write(
        `POST / HTTP/1.1${CRLF}Host: localhost${CRLF}Content-Length: ${size}${CRLF}Expect: 100-continue${CRLF}${CRLF}`,
      );
      assert.match(await peer.head(), new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  },
);

hardened("closes a connection that the application ends, before it has asked and after", async (variant) => {
  const ends = new Events<() => void>();
  const application = new Echo({
    admit: (_peer, end) => {
      ends.push(end ?? assert.fail());
      return { release() {} };
    },
  });
  await using listening = await Listening.start(variant, { application });
  using silent = await RawPeer.connect(listening.port, listening.caCerts);
  (await ends.next())();
  assert.equal(await silent.end(), "");
  using asking = await RawPeer.connect(listening.port, listening.caCerts);
  await asking.write(PIPELINED);
  await asking.head();
  (await ends.next())();
  await asking.end();
});

hardened("is rid of a peer that it cut off and that never answers", async (variant) => {
  const application = cuttingEcho([]);
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  for (const text of ["1", "2", "3"]) await peer.write(frameOf(OPCODE.text, text));
  await application.closed.next();
  assert.match(await peer.end(), /too many messages$/);
});

hardened("tells the application of pings and pongs", async (variant) => {
  const controls = new Events<true>();
  const application = new Echo({
    upgrade: () =>
      Promise.resolve({
        open: () => ({ text() {}, binary() {}, control: () => controls.push(true), closed() {} }),
      }),
  });
  await using listening = await Listening.start(variant, { application });
  using peer = await RawPeer.open(listening.port, listening.caCerts);
  await peer.write(frameOf(OPCODE.ping, "x"));
  await controls.next();
  await peer.write(frameOf(OPCODE.pong, "x"));
  await controls.next();
});

hardened("bounds the size of headers", async (variant) => {
  await using listening = await Listening.start(variant);
  using peer = await RawPeer.connect(listening.port, listening.caCerts);
  await peer.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`);
  assert.match(await peer.end(), /^$|^HTTP\/1\.1 431 /);
});

hardened("counts what waits for a peer that reads nothing, and is rid of it at once", async (variant) => {
  await using listening = await Listening.start(variant);
  using _peer = await RawPeer.open(listening.port, listening.caCerts);
  const socket = await listening.application.sockets.next();
  const chunk = "x".repeat(1_048_576);
  while (socket.bufferedAmount < 8 * chunk.length) {
    socket.send(chunk);
    await new Promise((resolve) => setTimeout(resolve));
  }
  socket.terminate();
  assert.equal((await listening.application.closed.next()).code, 1006);
  await listening.application.empty.next();
});

Deno.test("listenHardened() with TLS cuts off a handshake that stalls", async () => {
  const variant = variants.find(({ name }) => name === "listenHardened() with TLS") ?? assert.fail();
  await using listening = await Listening.start(variant, { headersTimeoutMs: 1_000 });
  using silent = await RawPeer.connect(listening.port);
  assert.equal(await silent.end(), "");
  using plain = await RawPeer.connect(listening.port);
  await plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.doesNotMatch(await plain.end(), /HTTP/);
  assert.equal((await listening.fetch("/")).status, 200);
});

Deno.test("listenHardened() with TLS uses a new certificate for new connections, and refuses an invalid pair", async () => {
  const variant = variants.find(({ name }) => name === "listenHardened() with TLS") ?? assert.fail();
  await using listening = await Listening.start(variant);
  const client = await openClient(listening);
  const other = await createCertificates({ hosts: [], client: "test", now: Date.now() });
  assert.throws(() => listening.listener.reload({ cert: other.server.cert, key: certificates.server.key }), TypeError);
  assert.equal((await listening.fetch("/")).status, 200);
  listening.listener.reload(other.server);
  assert.equal(await echoOf(client, "undisturbed"), "undisturbed");
  using renewed = await RawPeer.open(listening.port, [other.authority.cert]);
  await renewed.write(frameOf(OPCODE.text, "x"));
  assert.equal((await renewed.frame())?.opcode, OPCODE.text);
});

Deno.test("listenNative() and a listener without TLS report that they cannot reload", async () => {
  for (const variant of variants.filter(({ name }) => name !== "listenHardened() with TLS")) {
    await using listening = await Listening.start(variant);
    assert.throws(() => listening.listener.reload(certificates.server), TypeError, variant.name);
  }
});

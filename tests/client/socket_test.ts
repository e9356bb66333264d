import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import type { ConnectionError } from "../../src/client/connection_error.ts";
import { openSocket } from "../../src/client/socket.ts";
import type { Endpoint, SocketOptions } from "../../src/client/socket.ts";
import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import { TestServer } from "./test_server.ts";
import { Secret } from "../../src/secrets/secret.ts";

/** A connection with its messages and its end. */
async function connect(endpoint: Endpoint, options: SocketOptions = {}) {
  const texts: string[] = [];
  const [first, ended] = [Promise.withResolvers<string>(), Promise.withResolvers<ConnectionError>()];
  const socket = await openSocket(endpoint, {
    text(data) {
      texts.push(data);
      first.resolve(data);
    },
    closed: ended.resolve,
  }, options);
  return { socket, texts, first: first.promise, ended: ended.promise };
}

async function failureOf(endpoint: Endpoint, options: SocketOptions = {}): Promise<ConnectionError> {
  return await connect(endpoint, options).then(() => assert.fail("connected"), (error) => error);
}

/** Accepts connections and sends nothing, so that no handshake ever ends. */
function silentListener() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const work = (async () => {
    for await (const connection of listener) accepted.push(connection);
  })();
  return {
    url: new URL(`ws://127.0.0.1:${listener.addr.port}`),
    async [Symbol.asyncDispose]() {
      listener.close();
      await work;
      for (const connection of accepted) connection.close();
    },
  };
}

const echo = {
  serve(
    socket: { on(event: "message", listener: (data: { toString(): string }) => void): void; send(text: string): void },
  ) {
    socket.on("message", (data) => socket.send(data.toString()));
  },
};

Deno.test("openSocket() offers the subprotocol mcp, sends the token and carries texts in both directions", async () => {
  let seen: IncomingMessage | undefined;
  await using server = await TestServer.start({
    serve(socket, request) {
      seen = request;
      echo.serve(socket);
    },
  });
  const { socket, first, ended } = await connect({ ...server.endpoint, token: new Secret("secret-token") });
  socket.send("héllo 😀");
  assert.equal(await first, "héllo 😀");
  assert.equal(seen?.headers["sec-websocket-protocol"], "mcp");
  assert.equal(seen?.headers.authorization, "Bearer secret-token");
  socket.close(1000, "");
  assert.equal((await ended).closeCode, 1000);
});

Deno.test("openSocket() delivers a message that arrives with the handshake to the handler", async () => {
  await using server = await TestServer.start({ serve: (socket) => socket.send("at once") });
  const { first, socket } = await connect(server.endpoint);
  assert.equal(await first, "at once");
  socket.terminate();
});

for (
  const [head, expected] of [
    ["503 Busy\r\nRetry-After: 3", { status: 503, retryAfterMs: 3_000, retryable: true }],
    ["429 Too Many\r\nRetry-After: soon", { status: 429, retryAfterMs: undefined, retryable: true }],
    ["401 Unauthorized", { status: 401, retryAfterMs: undefined, retryable: false }],
    ["403 Forbidden", { status: 403, retryAfterMs: undefined, retryable: false }],
    ["404 Not Found", { status: 404, retryAfterMs: undefined, retryable: false }],
    ["302 Found\r\nLocation: ws://127.0.0.1:1/", { status: 302, retryAfterMs: undefined, retryable: false }],
  ] as const
) {
  Deno.test(`openSocket() reports a refusal with HTTP status ${expected.status}`, async () => {
    await using server = await TestServer.start({ ...echo, refuse: () => head });
    const { code, status, retryAfterMs, retryable, message } = await failureOf(server.endpoint);
    assert.deepEqual({ code, status, retryAfterMs, retryable }, { code: "ERR_REFUSED", ...expected });
    assert.match(message, new RegExp(`HTTP status ${expected.status}`));
  });
}

Deno.test("openSocket() distinguishes a server that is absent from one that does not answer", async () => {
  const unreachable = await failureOf({ url: new URL("ws://127.0.0.1:1") });
  assert.deepEqual([unreachable.code, unreachable.retryable], ["ERR_UNREACHABLE", true]);
  await using silent = silentListener();
  const timeout = await failureOf({ url: silent.url }, { connectTimeoutMs: 50 });
  assert.deepEqual([timeout.code, timeout.retryable], ["ERR_TIMEOUT", true]);
});

Deno.test("openSocket() aborts as soon as its signal does", async () => {
  await using silent = silentListener();
  const controller = new AbortController();
  const failing = failureOf({ url: silent.url }, { signal: controller.signal });
  controller.abort();
  assert.equal((await failing).code, "ERR_ENDED");
  assert.equal((await failureOf({ url: silent.url }, { signal: controller.signal })).code, "ERR_ENDED");
});

Deno.test("an open socket reports close codes, with the server's reason quoted and cleaned", async () => {
  await using server = await TestServer.start({ serve: (socket) => socket.close(1013, "come\u001b[2J back\n") });
  const { ended } = await connect(server.endpoint);
  const { code, closeCode, message, retryable } = await ended;
  assert.deepEqual([code, closeCode, retryable], ["ERR_CLOSED", 1013, true]);
  assert.equal(message, 'Connection closed with 1013, the server is too busy: "come [2J back"');
});

Deno.test("an open socket that breaks without a close frame is lost", async () => {
  await using server = await TestServer.start({ serve: (socket) => socket.terminate() });
  const { ended } = await connect(server.endpoint);
  const { code, closeCode } = await ended;
  assert.deepEqual([code, closeCode], ["ERR_LOST", undefined]);
});

Deno.test("an open socket ends at a message over its maximum, and at binary data", async () => {
  await using server = await TestServer.start({
    serve: (socket, request) => socket.send(request.url === "/big" ? "x".repeat(1_001) : new Uint8Array(3)),
  });
  const big = await connect({ url: new URL("/big", server.endpoint.url) }, { maxMessageSize: 1_000 });
  assert.match(String((await big.ended).cause), /Max payload size exceeded/);
  assert.deepEqual(big.texts, []);
  const binary = await connect(server.endpoint);
  assert.equal((await binary.ended).closeCode, 1003);
  assert.deepEqual(binary.texts, []);
});

Deno.test("an open socket whose server does not answer pings is lost", async () => {
  await using server = await TestServer.start({ serve: (socket) => socket.pause() });
  const { ended } = await connect(server.endpoint, { pingIntervalMs: 20 });
  const { code, cause } = await ended;
  assert.equal(code, "ERR_LOST");
  assert.match(String(cause), /did not answer a ping/);
});

Deno.test("an open socket stays open while its server answers pings", async () => {
  let pings = 0;
  const enough = Promise.withResolvers<void>();
  await using server = await TestServer.start({
    serve: (socket) => socket.on("ping", () => ++pings === 3 && enough.resolve()),
  });
  // The server is in this process too, which may stand still on a busy machine: it has a second to answer.
  const { socket, ended } = await connect(server.endpoint, { pingIntervalMs: 1_000 });
  await enough.promise;
  socket.close(1000, "");
  assert.equal((await ended).closeCode, 1000);
});

Deno.test("closing does not wait for a server that does not answer the close", async () => {
  await using server = await TestServer.start({ serve: (socket) => socket.pause() });
  const { socket, ended } = await connect(server.endpoint);
  socket.close(1000, "");
  assert.equal((await ended).code, "ERR_LOST");
});

const certificates = await createCertificates({ hosts: [], client: "tester", now: Date.now() });
const { authority, client, server: served } = certificates;

Deno.test("openSocket() connects by wss to a server of the given authority, and to no other", async () => {
  await using server = await TestServer.start({ ...echo, tls: served });
  const { socket, first } = await connect({ ...server.endpoint, tls: { ca: authority.cert } });
  socket.send("hello");
  assert.equal(await first, "hello");
  socket.terminate();
  const stranger = await failureOf(server.endpoint);
  assert.deepEqual([stranger.code, stranger.retryable], ["ERR_TLS", false]);
  assert.match(stranger.message, /--ca/);
});

Deno.test("openSocket() presents its own certificate to a server that requires one", async () => {
  const tls = { ...served, ca: authority.cert };
  await using server = await TestServer.start({ ...echo, tls });
  const { socket, first } = await connect({ ...server.endpoint, tls: { ca: authority.cert, identity: client } });
  socket.send("hello");
  assert.equal(await first, "hello");
  socket.terminate();
  const bare = await failureOf({ ...server.endpoint, tls: { ca: authority.cert } });
  assert.deepEqual([bare.code, bare.retryable], ["ERR_TLS", false]);
  assert.match(bare.message, /^The server requires a client certificate, and none was given: set --cert and --key/);
});

Deno.test("openSocket() reports which certificate is at fault: the server's, its authority's, or the client's own", async () => {
  const other = await createCertificates({ hosts: [], client: "stranger", now: Date.now() });
  await using server = await TestServer.start({ ...echo, tls: { ...served, ca: authority.cert } });
  const sentence = async (tls: Endpoint["tls"]) =>
    (await failureOf({ ...server.endpoint, ...(tls && { tls }) })).message;
  assert.match(await sentence(undefined), /^No public authority issued the server's certificate: name .* with --ca/);
  assert.match(await sentence({ ca: other.authority.cert }), /^None of the authorities in --ca issued the server's/);
  assert.match(
    await sentence({ ca: authority.cert, identity: other.client }),
    /may not accept the certificate of --cert: an authority of the server must have issued it/,
  );
});

Deno.test("openSocket() reports that only one end uses TLS", async () => {
  await using plain = await TestServer.start(echo);
  await using secure = await TestServer.start({ ...echo, tls: served });
  const address = ({ endpoint }: TestServer, protocol: string) => ({
    url: new URL(endpoint.url.href.replace(/^wss?/, protocol)),
  });
  assert.match(
    (await failureOf(address(plain, "wss"))).message,
    /does not speak TLS at this port: does it expect ws\?/,
  );
  assert.match((await failureOf(address(secure, "ws"))).message, /does it expect wss\?$/);
});

Deno.test("openSocket() blames the token that was sent, and asks for one when none was", async () => {
  await using server = await TestServer.start({ ...echo, refuse: () => "401 Unauthorized" });
  const token = new Secret("canary-token");
  const sentence = async (more: Partial<Endpoint>) => (await failureOf({ ...server.endpoint, ...more })).message;
  assert.match(
    await sentence({}),
    /: expected a key or token of the server: set LUNO_MCP_TOKEN, or give --token-file$/,
  );
  const given = await sentence({ token });
  assert.match(
    given,
    /: it does not accept the key or token of LUNO_MCP_TOKEN, which may be mistyped, expired, revoked/,
  );
  assert.doesNotMatch(given, /set LUNO_MCP_TOKEN|canary/);
  assert.match(await sentence({ token, tokenSource: "--token-file (/a)" }), /the key or token of --token-file \(\/a\)/);
});

import assert from "node:assert/strict";
import { Client, InMemoryTransport, ProtocolError } from "@modelcontextprotocol/client";
import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/client";
import fc from "fast-check";
import { Backoff } from "../../src/client/reconnect_backoff.ts";
import { Bridge } from "../../src/client/bridge.ts";
import type { BridgeOptions } from "../../src/client/bridge.ts";
import type { ConnectionError } from "../../src/client/connection_error.ts";
import { openSocket } from "../../src/client/socket.ts";
import { sleep } from "../../src/timing/sleep.ts";
import { ERAS } from "../protocol/connections.ts";
import type { Era } from "../protocol/connections.ts";
import { type Json, TestExchange } from "../support/exchange.ts";
import { lookUntil } from "../support/look_until.ts";
import { servingTools, TestServer } from "./test_server.ts";
import type { Serve, TestServerOptions } from "./test_server.ts";

function bridgeTo(server: TestServer, local: InMemoryTransport, options: Partial<BridgeOptions> = {}): Bridge {
  return new Bridge(local, {
    open: (handler, signal) => openSocket(server.endpoint, handler, { signal }),
    backoff: new Backoff({ random: () => 0 }),
    sleep,
    ...options,
  });
}

/** A bridge to a server, and the local end of it. */
class Bridged implements AsyncDisposable {
  readonly received: Json[] = [];
  readonly local: InMemoryTransport;
  readonly ended: Promise<ConnectionError | undefined>;
  readonly #bridge: Bridge;
  readonly #waiters: { readonly is: (message: Json) => boolean; readonly resolve: (message: Json) => void }[] = [];

  constructor(server: TestServer, options: Partial<BridgeOptions> = {}) {
    const [local, inner] = InMemoryTransport.createLinkedPair();
    this.local = local;
    this.#bridge = bridgeTo(server, inner, options);
    local.onmessage = (message) => this.#receive(message);
    void local.start();
    void inner.start();
    this.ended = this.#bridge.run().then(() => undefined, (error: ConnectionError) => error);
  }

  send(message: Record<string, unknown>): void {
    void this.local.send({ jsonrpc: "2.0", ...message } as JSONRPCMessage);
  }

  /** The first message that fits, including earlier ones. */
  next(is: (message: Json) => boolean): Promise<Json> {
    const before = this.received.find(is);
    if (before !== undefined) return Promise.resolve(before);
    const { promise, resolve } = Promise.withResolvers<Json>();
    this.#waiters.push({ is, resolve });
    return promise;
  }

  answer(id: number | string): Promise<Json> {
    return this.next((message) => message.id === id && message.method === undefined);
  }

  ask(id: number | string, method: string, params: Record<string, unknown> = {}): Promise<Json> {
    this.send({ id, method, params });
    return this.answer(id);
  }

  close(): void {
    this.#bridge.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bridge.close();
    await this.ended;
  }

  #receive(message: JSONRPCMessage): void {
    this.received.push(message);
    for (const { is, resolve } of this.#waiters) if (is(message)) resolve(message);
  }
}

/** Answers requests by the test's script; `undefined` leaves one without an answer. */
function scripted(answer: (request: Json, socket: Parameters<Serve>[0]) => unknown): Serve {
  return (socket) =>
    socket.on("message", (data) => {
      const request = JSON.parse(data.toString());
      const result = answer(request, socket);
      if (result !== undefined) socket.send(JSON.stringify({ jsonrpc: "2.0", id: request.id, result }));
    });
}

async function startBridged(
  serve: Serve,
  options: Partial<BridgeOptions> & Pick<TestServerOptions, "refuse"> = {},
): Promise<{ server: TestServer; bridged: Bridged } & AsyncDisposable> {
  const { refuse, ...bridge } = options;
  const server = await TestServer.start({ serve, ...(refuse === undefined ? {} : { refuse }) });
  const bridged = new Bridged(server, bridge);
  return {
    server,
    bridged,
    async [Symbol.asyncDispose]() {
      await bridged[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const LIST = {
  tools: [
    { name: "read_it", annotations: { readOnlyHint: true } },
    { name: "set_it", annotations: { readOnlyHint: false, idempotentHint: true } },
    { name: "add_one" },
  ],
};
const INITIALIZE = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
const INITIALIZED = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" } };

/** Repeats what was lost with a broken connection, as long as the bridge calls it safe. */
async function persistently<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ProtocolError && (error.data as Json)?.safeToRepeat) return await persistently(ask);
    throw error;
  }
}

for (const era of Object.keys(ERAS) as Era[]) {
  Deno.test(`${era}: a client works through the bridge, also after the connection broke in between`, async () => {
    await using exchange = await TestExchange.start();
    await using server = await TestServer.start({ serve: servingTools(exchange.context) });
    const [local, inner] = InMemoryTransport.createLinkedPair();
    await inner.start();
    const bridge = bridgeTo(server, inner);
    const running = bridge.run();
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: ERAS[era] });
    await client.connect(local);
    for (let round = 0; round < 3; round++) {
      const { tools } = await persistently(() => client.listTools());
      assert.equal(tools.length, 20);
      const call = { name: "get_crypto_price", arguments: { pair: "btc/zar" } };
      const { structuredContent } = await persistently(() => client.callTool(call));
      assert.equal((structuredContent as Json).pair, "XBTZAR");
      server.breakAll();
    }
    bridge.close();
    await running;
    await client.close();
    assert.ok(server.accepted >= 3);
  });
}

Deno.test("Bridge preserves ids, numbers and strings alike, and answers each once", async () => {
  await using started = await startBridged(scripted(({ params }) => params));
  const { bridged } = started;
  const ids = [0, -1, 7, "7", "", "a\nb", Number.MAX_SAFE_INTEGER];
  const answers = await Promise.all(ids.map((id) => bridged.ask(id, "echo", { id })));
  assert.deepEqual(answers, ids.map((id) => ({ jsonrpc: "2.0", id, result: { id } })));
  assert.equal(bridged.received.length, ids.length);
});

Deno.test("Bridge repeats reads when the connection broke, and says which other requests are safe to repeat", async () => {
  let taken = Promise.withResolvers<void>();
  const seen: string[] = [];
  await using started = await startBridged(scripted(({ id, method }) => {
    if (method === "tools/list") return LIST;
    seen.push(id);
    if (seen.length === 5 || seen.length === 8) taken.resolve();
    return undefined;
  }));
  const { server, bridged } = started;
  await bridged.ask("list", "tools/list");
  const asked = {
    read: bridged.ask("read", "tools/call", { name: "read_it" }),
    write: bridged.ask("write", "tools/call", { name: "add_one" }),
    same: bridged.ask("same", "tools/call", { name: "set_it" }),
    direct: bridged.ask("direct", "read_it"),
    prompts: bridged.ask("prompts", "prompts/list"),
  };
  const refused = async (name: keyof typeof asked, safeToRepeat: boolean) => {
    const { error } = await asked[name];
    assert.equal(error.code, -32000);
    assert.deepEqual(error.data, { code: "ERR_CONNECTION_LOST", safeToRepeat }, name);
    assert.match(error.message, safeToRepeat ? /Connection broke: it is safe/ : /Connection broke: it may have run/);
  };
  await taken.promise;
  taken = Promise.withResolvers();
  server.breakAll();
  await refused("write", false);
  await refused("same", true);
  await taken.promise;
  assert.deepEqual(seen.slice(5), ["read", "direct", "prompts"]);
  server.breakAll();
  for (const name of ["read", "direct", "prompts"] as const) await refused(name, true);
  await bridged.ask("list", "tools/list");
  assert.equal(seen.length, 8, "nothing is sent a third time");
});

Deno.test("Bridge repeats a read at another server when a closing server did not begin it", async () => {
  let isEnding = true;
  await using server = await TestServer.start({
    serve: (socket) =>
      socket.on("message", (data) => {
        const { id, method } = JSON.parse(data.toString());
        const error = { code: -32000, message: "ending", data: { code: "ERR_SHUTTING_DOWN", retryable: true } };
        const isRefused = isEnding && method !== "tools/list";
        socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...(isRefused ? { error } : { result: LIST }) }));
      }),
  });
  await using bridged = new Bridged(server);
  await bridged.ask("list", "tools/list");
  const read = bridged.ask("read", "tools/call", { name: "read_it" });
  assert.equal((await bridged.ask("write", "tools/call", { name: "add_one" })).error.data.code, "ERR_SHUTTING_DOWN");
  isEnding = false;
  server.closeAll(1012, "the server restarts");
  assert.deepEqual((await read).result, LIST);
});

/** A server that keeps subscriptions with a token, or supports none. */
class SubscriptionServer {
  readonly seen: Json[] = [];
  #tokens = 0;
  readonly #hasTokens: boolean;

  constructor({ hasTokens }: { readonly hasTokens: boolean }) {
    this.#hasTokens = hasTokens;
  }

  readonly serve: Serve = (socket) =>
    socket.on("message", (data) => {
      const { id, method, params } = JSON.parse(data.toString());
      if (id === undefined) return;
      this.seen.push(method === "resume_session" ? [method, params.token] : [method, params.uri ?? params.pair ?? id]);
      const send = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
      if (method === "subscriptions/listen") {
        const _meta = { "io.modelcontextprotocol/subscriptionId": id };
        const acknowledged = { notifications: params.notifications, _meta };
        return send({ method: "notifications/subscriptions/acknowledged", params: acknowledged });
      }
      if (method !== "resume_session") return send({ id, result: params.pair === undefined ? {} : { pair: "XBTZAR" } });
      if (!this.#hasTokens) return send({ id, error: { code: -32601, message: "Method not found" } });
      send({ id, result: { token: `token ${++this.#tokens}`, resumed: params.token !== undefined } });
    });
}

/** Subscribes to a resource, a pair and a stream. */
async function subscribeToAll(bridged: Bridged): Promise<void> {
  await bridged.ask(1, "resources/subscribe", { uri: "a:1" });
  await bridged.ask(2, "resources/subscribe", { uri: "a:2" });
  await bridged.ask(3, "resources/unsubscribe", { uri: "a:2" });
  await bridged.ask(4, "subscribe", { pair: "btc/zar" });
  bridged.send({
    id: 5,
    method: "subscriptions/listen",
    params: { notifications: { resourceSubscriptions: ["a:3"] } },
  });
  await bridged.next(({ method }) => method === "notifications/subscriptions/acknowledged");
}

Deno.test("Bridge subscribes again at a server that does not know its client, and reports each subscription as changed", async () => {
  const subscriptions = new SubscriptionServer({ hasTokens: false });
  await using started = await startBridged(subscriptions.serve);
  const { server, bridged } = started;
  await subscribeToAll(bridged);
  const [before, received] = [subscriptions.seen.length, bridged.received.length];
  server.breakAll();
  const told = (uri: string) => ({ method, params }: Json) =>
    method === "notifications/resources/updated" && params.uri === uri;
  await bridged.next(told("a:1"));
  assert.equal((await bridged.next(({ method }) => method === "price_update")).params.pair, "XBTZAR");
  assert.equal((await bridged.next(told("a:3"))).params._meta["io.modelcontextprotocol/subscriptionId"], 5);
  await bridged.ask(6, "ping");
  assert.deepEqual(subscriptions.seen.slice(before), [
    ["resources/subscribe", "a:1"],
    ["subscribe", "btc/zar"],
    ["subscriptions/listen", 5],
    ["resume_session", undefined],
    ["ping", 6],
  ]);
  assert.equal(bridged.received.length, received + 4, "three notifications and an answer");
  bridged.close();
  assert.equal((await bridged.answer(5)).error.data.code, "ERR_CONNECTION_LOST");
});

Deno.test("Bridge presents its latest token, and sends no subscription again when the session is resumed", async () => {
  const subscriptions = new SubscriptionServer({ hasTokens: true });
  await using started = await startBridged(subscriptions.serve);
  const { server, bridged } = started;
  await subscribeToAll(bridged);
  const asked = () => subscriptions.seen.filter(([method]) => method !== "ping");
  const before = asked().length;
  for (const round of [1, 2]) {
    server.closeAll(1012, "the server restarts");
    const look = async () => {
      await bridged.ask(crypto.randomUUID(), "ping");
      return asked().length;
    };
    await lookUntil((length) => length === before + round, look, "the token was not handed in");
    assert.deepEqual(asked().at(-1), ["resume_session", `token ${round}`]);
  }
  const cancelled = { requestId: 5 };
  bridged.send({ method: "notifications/cancelled", params: cancelled });
  await bridged.ask("last", "ping");
  assert.ok(!bridged.received.some(({ result }) => result?.token !== undefined), "the client sees no token");
  assert.ok(!bridged.received.some(({ id, method }) => id === 5 && method === undefined));
});

Deno.test("Bridge requests no token while its client subscribes to nothing", async () => {
  const subscriptions = new SubscriptionServer({ hasTokens: true });
  await using started = await startBridged(subscriptions.serve);
  await started.bridged.ask(1, "ping");
  started.server.breakAll();
  await started.bridged.ask(2, "ping");
  assert.deepEqual(subscriptions.seen, [["ping", 1], ["ping", 2]]);
});

Deno.test("Bridge repeats the client's handshake of revision 2025-11-25 on every connection, and forwards one answer to the client", async () => {
  const seen: string[] = [];
  const taken = Promise.withResolvers<void>();
  await using started = await startBridged(scripted(({ id, method }, socket) => {
    seen.push(method);
    if (method === "initialize") return INITIALIZED;
    if (method === "break") socket.terminate();
    if (method === "late") taken.resolve();
    return id === undefined ? undefined : {};
  }));
  const { bridged } = started;
  await bridged.ask("init", "initialize", INITIALIZE);
  bridged.send({ method: "notifications/initialized" });
  assert.equal((await bridged.ask(1, "break")).error.data.code, "ERR_CONNECTION_LOST");
  assert.deepEqual((await bridged.ask(2, "late")).result, {});
  const opening = ["initialize", "notifications/initialized"];
  assert.deepEqual(seen, [...opening, "break", ...opening, "late"]);
  assert.equal(bridged.received.length, 3);
});

Deno.test("Bridge repeats an opening request that was lost with the first connection", async () => {
  let opened = 0;
  await using started = await startBridged(scripted(({ method }, socket) => {
    if (method !== "initialize") return {};
    if (++opened < 3) return void socket.terminate();
    return INITIALIZED;
  }));
  const { bridged } = started;
  assert.deepEqual((await bridged.ask(1, "initialize", INITIALIZE)).result, INITIALIZED);
  assert.equal(opened, 3);
});

Deno.test("Bridge ends when the server's protocol version has changed in between", async () => {
  let opened = 0;
  await using started = await startBridged(scripted(({ method }, socket) => {
    if (method === "initialize") return { ...INITIALIZED, ...(opened++ > 0 ? { protocolVersion: "2024-11-05" } : {}) };
    return void socket.terminate();
  }));
  const { bridged } = started;
  await bridged.ask(1, "initialize", INITIALIZE);
  await bridged.ask(2, "break");
  assert.match((await bridged.ended)?.message ?? "", /another version of the protocol/);
});

Deno.test("Bridge queues messages until it is connected and sends them in order", async () => {
  let refusals = 3;
  const order: number[] = [];
  await using started = await startBridged(
    scripted(({ id }) => {
      order.push(id);
      return {};
    }),
    { refuse: () => refusals-- > 0 ? "503 Busy" : undefined },
  );
  await Promise.all([1, 2, 3, 4].map((id) => started.bridged.ask(id, "tools/list")));
  assert.deepEqual(order, [1, 2, 3, 4]);
});

Deno.test("Bridge refuses what finds no room in the queue, and what has waited too long", async () => {
  const expire: (() => void)[] = [];
  await using started = await startBridged(scripted(() => ({})), {
    refuse: () => "503 Busy",
    maxWaiting: 2,
    maxWaitMs: 30_000,
    sleep: (ms, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (ms === 30_000) expire.push(resolve);
      return promise;
    },
  });
  const { bridged } = started;
  const [first, second, third] = [1, 2, 3].map((id) => bridged.ask(id, "tools/call", { name: "add_one" }));
  const full = await third;
  assert.deepEqual(full.error.data, { code: "ERR_NOT_CONNECTED", safeToRepeat: true });
  for (const resolve of expire) resolve();
  for (const waited of [await first, await second]) {
    assert.deepEqual(waited.error.data, { code: "ERR_NOT_CONNECTED", safeToRepeat: true });
    assert.match(waited.error.message, /Not sent/);
  }
});

Deno.test("Bridge gives up when retrying is pointless, and says why", async () => {
  await using started = await startBridged(scripted(() => ({})), { refuse: () => "401 Unauthorized" });
  const { bridged } = started;
  const failure = await bridged.ended;
  assert.deepEqual([failure?.code, failure?.status], ["ERR_REFUSED", 401]);
});

Deno.test("Bridge forgets a request that its client cancels, whether queued or sent", async () => {
  const cancelled = Promise.withResolvers<Json>();
  const seen: Json[] = [];
  let isClosed = true;
  await using started = await startBridged(
    scripted((message) => {
      seen.push(message.method);
      if (message.method === "notifications/cancelled") cancelled.resolve(message.params);
      return message.method === "last" ? {} : undefined;
    }),
    { refuse: () => isClosed ? "503 Busy" : undefined },
  );
  const { server, bridged } = started;
  bridged.send({ id: 1, method: "waits" });
  bridged.send({ method: "notifications/cancelled", params: { requestId: 1 } });
  isClosed = false;
  bridged.send({ id: 2, method: "runs" });
  bridged.send({ method: "notifications/cancelled", params: { requestId: 2, reason: "enough" } });
  while (seen.length === 0) await bridged.ask(`ping ${seen.length}`, "last");
  server.breakAll();
  await bridged.ask(3, "last");
  assert.ok(!seen.includes("waits"));
  assert.ok(!bridged.received.some(({ id }) => id === 1 || id === 2), "an answer to a cancelled request");
});

Deno.test("Bridge never answers requests of the new connection with answers of the old one", async () => {
  const answers: Json[] = [];
  let connections = 0;
  await using started = await startBridged((socket) => {
    const number = ++connections;
    socket.on("message", (data) => {
      const message = JSON.parse(data.toString());
      if (message.method === "ask me") socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "roots/list" }));
      else if (message.method === "break") socket.terminate();
      else if (message.method === undefined) answers.push([number, message.result]);
      if (message.id !== undefined && message.method !== undefined && message.method !== "break") {
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} }));
      }
    });
  });
  const { bridged } = started;
  await bridged.ask(1, "ask me");
  await bridged.next(({ method }) => method === "roots/list");
  await bridged.ask(2, "break");
  const told = await bridged.next(({ method }) => method === "notifications/cancelled");
  assert.equal(told.params.requestId, 1);
  bridged.send({ id: 1, result: { roots: ["late"] } });
  await bridged.ask(3, "ask me");
  bridged.send({ id: 1, result: { roots: ["in time"] } });
  await bridged.ask(4, "done");
  assert.deepEqual(answers, [[2, { roots: ["in time"] }]]);
});

Deno.test("Bridge does not reconnect to a server that closed an idle connection until there is something to send", async () => {
  await using server = await TestServer.start({ serve: scripted(() => ({})) });
  const closed = Promise.withResolvers<void>();
  let opened = 0;
  await using bridged = new Bridged(server, {
    open(handler, signal) {
      opened++;
      const hearing = {
        text: (data: string) => handler.text(data),
        closed(cause: ConnectionError) {
          handler.closed(cause);
          closed.resolve();
        },
      };
      return openSocket(server.endpoint, hearing, { signal });
    },
  });
  await bridged.ask(1, "tools/list");
  server.closeAll(1008, "idle for too long");
  await closed.promise;
  for (let turn = 0; turn < 5; turn++) await sleep(0, new AbortController().signal);
  assert.equal(opened, 1);
  assert.deepEqual((await bridged.ask(2, "tools/list")).result, {});
  assert.equal(opened, 2);
});

Deno.test("Bridge forwards no text that is not a message", async () => {
  await using started = await startBridged(scripted(({ method }, socket) => {
    for (const junk of ["", "{", "null", "[]", '{"id":1}', '{"jsonrpc":"2.0","id":{},"result":{}}']) socket.send(junk);
    return { method };
  }));
  const answer = await started.bridged.ask(1, "tools/list");
  assert.deepEqual(answer.result, { method: "tools/list" });
  assert.equal(started.bridged.received.length, 1);
});

Deno.test("Bridge.close() answers every open request", async () => {
  const taken = Promise.withResolvers<void>();
  await using started = await startBridged(scripted(() => taken.resolve()));
  const { bridged } = started;
  const asked = bridged.ask(1, "tools/call", { name: "add_one" });
  await taken.promise;
  bridged.close();
  assert.equal((await asked).error.data.safeToRepeat, false);
  const late = await bridged.ask(2, "tools/list");
  assert.equal(late.error.data.code, "ERR_NOT_CONNECTED");
});

/** A server's reaction to a request. */
const move = fc.constantFrom("answer", "answer", "answer", "break before", "break after", "close", "swallow");

Deno.test("Bridge answers every request exactly once and runs none twice, however connections break", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 40 }), async (moves) => {
      const runs = new Map<number, number>();
      let step = 0;
      await using started = await startBridged((socket) => {
        socket.on("message", (data) => {
          const { id, method }: JSONRPCRequest = JSON.parse(data.toString());
          const reply = (result: unknown) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
          if (method === "initialize") return reply(INITIALIZED);
          if (typeof id !== "number") return;
          const chosen = moves[step++ % moves.length];
          if (chosen === "break before") return socket.terminate();
          runs.set(id, (runs.get(id) ?? 0) + 1);
          if (chosen === "close") return socket.close(1001);
          if (chosen === "swallow" && step < 200) return void setTimeout(() => socket.terminate(), 0);
          reply({ ran: id });
          if (chosen === "break after") socket.terminate();
        });
      });
      const { bridged } = started;
      await bridged.ask("init", "initialize", INITIALIZE);
      bridged.send({ method: "notifications/initialized" });
      const ids = Array.from({ length: 30 }, (_, index) => index);
      const answers = await Promise.all(ids.map((id) => bridged.ask(id, "tools/call", { name: "add_one" })));
      assert.equal(bridged.received.length, ids.length + 1, "an answer too many");
      for (const id of ids) {
        const { result, error } = answers[id];
        assert.ok((runs.get(id) ?? 0) <= 1, `${id} ran ${runs.get(id)} times`);
        if (result !== undefined) assert.deepEqual([result, runs.get(id)], [{ ran: id }, 1]);
        else assert.equal(error.data.safeToRepeat, false);
      }
    }),
    { numRuns: 40 },
  );
});

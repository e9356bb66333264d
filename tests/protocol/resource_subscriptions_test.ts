import assert from "node:assert/strict";
import type { CallerFacts } from "../../src/access/caller.ts";
import { MODERN_REVISION, SUBSCRIPTION_KEY } from "../../src/protocol/envelope.ts";
import { Opening } from "../../src/protocol/opening.ts";
import { ReadyAnswers } from "../../src/protocol/ready_answers.ts";
import { ResourceSubscriptions } from "../../src/protocol/resource_subscriptions.ts";
import { Subscriptions } from "../../src/session/subscriptions.ts";
import { Channel } from "../../src/transport/channel.ts";
import { lookUntil } from "../support/look_until.ts";
import type { Json } from "../support/exchange.ts";

const IDENTITY = { name: "test", version: "1.0.0" };
const TICKER = "luno://market/XBTZAR/ticker";
const ORDERS = "luno://orders/open";

/** Resources that a test changes; each is watched by callers. */
class Resources {
  readonly #watching = new Map<string, Set<() => void>>();
  readonly askedBy: string[] = [];
  /** What a test makes everybody wait for who asks for a resource. */
  slow: Promise<void> | undefined;

  readonly watchOf = (uri: string, caller: CallerFacts) => {
    this.askedBy.push(caller.identity);
    return this.slow === undefined ? this.#watch(uri, caller) : this.slow.then(() => this.#watch(uri, caller));
  };

  #watch(uri: string, caller: CallerFacts) {
    if (uri === ORDERS && !caller.allows("account:read")) return undefined;
    if (uri !== ORDERS && uri !== TICKER) return undefined;
    const key = uri === ORDERS ? `${caller.identity} ${uri}` : uri;
    return (changed: () => void) => {
      const all = this.#watching.get(key) ?? new Set();
      this.#watching.set(key, all.add(changed));
      return () => void all.delete(changed);
    };
  }

  change(key: string): void {
    for (const changed of this.#watching.get(key) ?? []) changed();
  }

  get watchers(): number {
    return [...this.#watching.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** A connection whose client is the test. */
class TestConnection extends Channel {
  protected readonly unread = 0;
  readonly written: Json[] = [];

  constructor(resources: Resources, { identity = "key:ann", scopes = ["market:read", "account:read"], max = 10 } = {}) {
    const caller: CallerFacts = { identity, allows: (scope) => scopes.includes(scope) };
    const opening = new Opening(new ReadyAnswers({ identity: IDENTITY, listing: [] }), caller);
    const subscriptions = () =>
      new ResourceSubscriptions({
        identity: IDENTITY,
        opening,
        caller,
        watchOf: resources.watchOf,
        kept: new Subscriptions({ now: () => performance.now(), intervalMs: 0, maxResources: max }),
        send: (notification) => void this.send(notification),
      });
    super({ opening, subscriptions, maxInFlight: 1 });
    this.onmessage = (message) => {
      if ("id" in message && "method" in message) void this.send({ jsonrpc: "2.0", id: message.id, result: {} });
    };
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  ask(id: number, method: string, params: object = {}, isModern = false): void {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN_REVISION,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    this.receive(JSON.stringify({ jsonrpc: "2.0", id, method, params: isModern ? { ...params, _meta } : params }));
  }

  listen(id: number, ...resourceSubscriptions: readonly string[]): void {
    this.ask(id, "subscriptions/listen", { notifications: { resourceSubscriptions, toolsListChanged: true } }, true);
  }

  /** The messages, once there are so many. */
  async see(count: number): Promise<Json[]> {
    const look = async () => {
      await new Promise(setImmediate);
      return this.written;
    };
    return [...await lookUntil((written) => written.length >= count, look, "nothing more was written")];
  }

  protected write(text: string): void {
    this.written.push(JSON.parse(text));
  }

  protected end(): void {}
}

Deno.test("resources/subscribe notifies of each change until resources/unsubscribe", async () => {
  const resources = new Resources();
  const connection = new TestConnection(resources);
  connection.ask(1, "resources/subscribe", { uri: TICKER });
  connection.ask(2, "resources/subscribe", { uri: TICKER });
  await connection.see(2);
  assert.equal(resources.watchers, 1);
  resources.change(TICKER);
  const updated = { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: TICKER } };
  assert.deepEqual(await connection.see(3), [
    { result: {}, jsonrpc: "2.0", id: 1 },
    { result: {}, jsonrpc: "2.0", id: 2 },
    updated,
  ]);
  connection.ask(3, "resources/unsubscribe", { uri: TICKER });
  assert.equal((await connection.see(4))[3].id, 3);
  resources.change(TICKER);
  assert.deepEqual([resources.watchers, connection.written.length], [0, 4]);
});

Deno.test("resources/subscribe refuses a resource that the caller does not have, and more than its maximum", async () => {
  const resources = new Resources();
  const connection = new TestConnection(resources, { scopes: ["market:read"], max: 1 });
  connection.ask(1, "resources/subscribe", { uri: "luno://nothing" });
  connection.ask(2, "resources/subscribe", { uri: ORDERS });
  connection.ask(3, "resources/subscribe", { uri: TICKER });
  const [missing, forbidden, taken] = await connection.see(3);
  assert.deepEqual([missing.error.code, missing.error.data], [-32002, { uri: "luno://nothing" }]);
  assert.equal(forbidden.error.code, -32002);
  assert.deepEqual(taken.result, {});
  const second = new TestConnection(resources, { max: 1 });
  second.ask(1, "resources/subscribe", { uri: TICKER });
  second.ask(2, "resources/subscribe", { uri: ORDERS });
  const [, full] = await second.see(2);
  assert.deepEqual([full.error.code, full.error.data.code], [-32000, "ERR_BUSY"]);
});

Deno.test("subscriptions/listen acknowledges the resources that the caller has, and marks its notifications", async () => {
  const resources = new Resources();
  const connection = new TestConnection(resources);
  connection.listen(7, TICKER, "luno://nothing", ORDERS);
  const [acknowledged] = await connection.see(1);
  const _meta = { [SUBSCRIPTION_KEY]: 7 };
  assert.deepEqual(acknowledged, {
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: { notifications: { resourceSubscriptions: [TICKER, ORDERS] }, _meta },
  });
  resources.change(TICKER);
  const [, updated] = await connection.see(2);
  assert.deepEqual([updated.method, updated.params], ["notifications/resources/updated", { uri: TICKER, _meta }]);
});

Deno.test("subscriptions/listen takes no slot of a call, and is silent once it is cancelled", async () => {
  const resources = new Resources();
  const connection = new TestConnection(resources);
  connection.listen(1, TICKER);
  await connection.see(1);
  connection.ask(2, "tools/call", { name: "any" }, true);
  assert.equal((await connection.see(2))[1].id, 2);
  const params = { requestId: 1 };
  connection.receive(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params }));
  connection.ask(3, "tools/call", { name: "any" }, true);
  await connection.see(3);
  await lookUntil(
    (count) => count === 0,
    () => new Promise<number>((resolve) => setImmediate(() => resolve(resources.watchers))),
    "it is still watched",
  );
  resources.change(TICKER);
  assert.deepEqual([connection.written.length, connection.pending], [3, 0]);
});

Deno.test("subscriptions/listen ends at once when nothing is granted", async () => {
  const connection = new TestConnection(new Resources());
  connection.listen(1, "luno://nothing");
  const [acknowledged, complete] = await connection.see(2);
  assert.deepEqual(acknowledged.params.notifications, {});
  assert.deepEqual([complete.id, complete.result.resultType], [1, "complete"]);
  assert.equal(complete.result._meta[SUBSCRIPTION_KEY], 1);
  assert.equal(complete.result._meta["io.modelcontextprotocol/serverInfo"].name, "test");
});

Deno.test("subscriptions/listen reads nothing when the client requests more than its maximum", async () => {
  const resources = new Resources();
  const connection = new TestConnection(resources, { max: 10 });
  connection.listen(1, ...Array.from({ length: 4_000 }, (_, index) => `luno://orders/BX${index}`));
  const [full] = await connection.see(1);
  assert.deepEqual([full.id, full.error.data.code, resources.askedBy.length], [1, "ERR_BUSY", 0]);
  connection.listen(2, ...Array.from({ length: 4_000 }, () => TICKER));
  assert.equal((await connection.see(2))[1].method, "notifications/subscriptions/acknowledged");
  assert.equal(resources.askedBy.length, 1);
});

Deno.test("subscriptions/listen reads few resources at a time, and none for a client that has disconnected", async () => {
  const resources = new Resources();
  const { promise, resolve } = Promise.withResolvers<void>();
  resources.slow = promise;
  const connection = new TestConnection(resources, { max: 100 });
  connection.listen(1, ...Array.from({ length: 50 }, (_, index) => `luno://orders/BX${index}`));
  await new Promise(setImmediate);
  const atOnce = resources.askedBy.length;
  assert.ok(atOnce <= 8, String(atOnce));
  await connection.close();
  resolve();
  await new Promise(setImmediate);
  assert.equal(resources.askedBy.length, atOnce);
});

Deno.test("resources/subscribe counts a resource once, however many concurrent requests name it", async () => {
  const resources = new Resources();
  const { promise, resolve } = Promise.withResolvers<void>();
  resources.slow = promise;
  const connection = new TestConnection(resources, { max: 1 });
  for (const id of [1, 2, 3]) connection.ask(id, "resources/subscribe", { uri: TICKER });
  resolve();
  const answers = await connection.see(3);
  assert.deepEqual(answers.map(({ id, result }) => [id, result]), [[1, {}], [2, {}], [3, {}]]);
  assert.equal(resources.watchers, 1);
});

Deno.test("resources that pending requests are reading count as subscribed", async () => {
  const resources = new Resources();
  const { promise, resolve } = Promise.withResolvers<void>();
  resources.slow = promise;
  const connection = new TestConnection(resources, { max: 3 });
  connection.listen(1, TICKER, ORDERS);
  connection.listen(2, TICKER, ORDERS);
  connection.listen(3, TICKER);
  connection.listen(4, TICKER);
  const refused = await connection.see(2);
  assert.deepEqual(refused.map(({ id, error }) => [id, error.data.code]), [[2, "ERR_BUSY"], [4, "ERR_BUSY"]]);
  resolve();
  const [, , ...acknowledged] = await connection.see(4);
  assert.deepEqual(acknowledged.map(({ params }) => params._meta[SUBSCRIPTION_KEY]).toSorted(), [1, 3]);
  const legacy = new TestConnection(resources, { max: 1 });
  legacy.ask(1, "resources/subscribe", { uri: "luno://nothing" });
  legacy.ask(2, "resources/subscribe", { uri: TICKER });
  const [full, missing] = await legacy.see(2);
  assert.deepEqual([full.id, full.error.data.code, missing.id, missing.error.code], [2, "ERR_BUSY", 1, -32002]);
  legacy.ask(3, "resources/subscribe", { uri: TICKER });
  assert.deepEqual((await legacy.see(3))[2].result, {});
});

Deno.test("a server that drains completes listening requests, and a connection that closes leaves nothing watched", async () => {
  const resources = new Resources();
  const draining = new TestConnection(resources);
  draining.listen(1, TICKER);
  await draining.see(1);
  assert.equal(await draining.drain(60_000), true);
  const [, complete] = await draining.see(2);
  assert.deepEqual([complete.id, complete.result.resultType], [1, "complete"]);
  const closing = new TestConnection(resources);
  closing.ask(1, "resources/subscribe", { uri: TICKER });
  await closing.see(1);
  await closing.close();
  resources.change(TICKER);
  assert.deepEqual([resources.watchers, closing.written.length], [0, 1]);
});

Deno.test("nobody is notified of changes in another identity's account", async () => {
  const resources = new Resources();
  const ann = new TestConnection(resources, { identity: "key:ann" });
  const bob = new TestConnection(resources, { identity: "key:bob" });
  ann.ask(1, "resources/subscribe", { uri: ORDERS });
  bob.listen(1, ORDERS);
  await Promise.all([ann.see(1), bob.see(1)]);
  resources.change(`key:ann ${ORDERS}`);
  assert.equal((await ann.see(2)).length, 2);
  assert.equal(bob.written.length, 1);
});

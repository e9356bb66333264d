import assert from "node:assert/strict";
import { SharedReads } from "../../src/market/shared_reads.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { TestExchange } from "../support/exchange.ts";

const XBTZAR = { pair: "XBTZAR" } as const;

/** A simulation whose requests are counted, with shared reads on a clock of their own. */
async function setup() {
  const exchange = await TestExchange.start();
  const clock = { now: 0 };
  let requests = 0;
  const client = new ExchangeClient({
    url: exchange.simulation.url,
    credentials: SIMULATED_KEYS.trading,
    fetch: (input, init) => {
      requests++;
      return fetch(input, init);
    },
  });
  return {
    shared: new SharedReads(client, { now: () => clock.now }),
    faults: exchange.simulation.faults,
    clock,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      client.close();
      await exchange[Symbol.asyncDispose]();
    },
  };
}

Deno.test("SharedReads.call() reads once for concurrent callers of the same data", async () => {
  await using world = await setup();
  const { shared, requests } = world;
  const answers = await Promise.all(Array.from({ length: 20 }, () => shared.call("getTicker", XBTZAR)));
  assert.equal(requests(), 1);
  assert.ok(answers.every(({ pair }) => pair === "XBTZAR"));
  await shared.call("getTicker", { pair: "ETHZAR" });
  assert.equal(requests(), 2);
});

Deno.test("SharedReads.call() shares an answer for a second, and reads again on request", async () => {
  await using world = await setup();
  const { shared, clock, requests } = world;
  await shared.call("getTicker", XBTZAR);
  clock.now = 999;
  await shared.call("getTicker", XBTZAR);
  assert.equal(requests(), 1);
  await shared.call("getTicker", XBTZAR, { fresh: true });
  assert.equal(requests(), 2);
  clock.now = 1_000;
  await shared.call("getTicker", XBTZAR);
  assert.equal(requests(), 3);
});

Deno.test("SharedReads.call() shares nothing of an account", async () => {
  await using world = await setup();
  const { shared, requests } = world;
  await Promise.all([shared.call("getBalances", {}), shared.call("getBalances", {})]);
  assert.equal(requests(), 2);
});

Deno.test("SharedReads.as() shares balances and fees for a second, within one identity", async () => {
  await using world = await setup();
  const { shared, clock, requests } = world;
  const alice = () => shared.as("key:alice").call("getBalances", {});
  const [first, second] = await Promise.all([alice(), alice()]);
  assert.equal(first, second);
  assert.equal(requests(), 1);
  clock.now = 999;
  assert.equal(await alice(), first);
  assert.notEqual(await shared.as("key:bob").call("getBalances", {}), first);
  assert.equal(requests(), 2);
  clock.now = 1_000;
  assert.notEqual(await alice(), first);
  await Promise.all([XBTZAR, XBTZAR].map((pair) => shared.as("key:alice").call("getFeeInfo", pair)));
  await shared.as("key:alice").call("getFeeInfo", XBTZAR);
  assert.equal(requests(), 4);
});

Deno.test("SharedReads.as() shares orders only with concurrent callers", async () => {
  await using world = await setup();
  const { shared, requests } = world;
  const orders = () => shared.as("key:alice").call("listOrders", {});
  await Promise.all([orders(), orders(), shared.as("key:bob").call("listOrders", {})]);
  assert.equal(requests(), 2);
  await orders();
  assert.equal(requests(), 3);
});

Deno.test("SharedReads.as() reads again once an order was sent, and joins no earlier read", async () => {
  await using world = await setup();
  const { shared, requests } = world;
  const reserved = async () => {
    const { balance } = await shared.as("key:alice").call("getBalances", {});
    return balance.find(({ asset }) => asset === "ZAR")?.reserved;
  };
  const before = await reserved();
  world.faults.set([{ kind: "delay", ms: 200, times: 1 }]);
  const slow = shared.as("key:alice").call("listOrders", {});
  await shared.call("postLimitOrder", { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000" });
  assert.notEqual(await reserved(), before);
  const [early, late] = await Promise.all([slow, shared.as("key:alice").call("listOrders", {})]);
  assert.notEqual(early, late);
  assert.equal(requests(), 5);
});

Deno.test("SharedReads.call() lets one caller abort without affecting the others", async () => {
  await using world = await setup();
  const { shared } = world;
  world.faults.set([{ kind: "delay", ms: 50 }]);
  const leaving = new AbortController();
  const left = shared.call("getTicker", XBTZAR, { signal: leaving.signal });
  const stays = shared.call("getTicker", XBTZAR);
  leaving.abort();
  await assert.rejects(left, { code: "ERR_CANCELLED" });
  assert.equal((await stays).pair, "XBTZAR");
});

Deno.test("SharedReads.call() aborts the request when the last caller has aborted, and starts another for the next", async () => {
  await using world = await setup();
  const { shared, requests } = world;
  world.faults.set([{ kind: "delay", ms: 60_000 }]);
  const leaving = new AbortController();
  const left = [
    shared.call("getTicker", XBTZAR, { signal: leaving.signal }),
    shared.call("getTicker", XBTZAR, { signal: leaving.signal }),
  ];
  leaving.abort();
  for (const call of left) await assert.rejects(call, { code: "ERR_CANCELLED" });
  world.faults.set([]);
  assert.equal((await shared.call("getTicker", XBTZAR)).pair, "XBTZAR");
  assert.ok(requests() <= 2);
});

Deno.test("SharedReads.call() does not cache a failure", async () => {
  await using world = await setup();
  const { shared } = world;
  world.faults.set([{ kind: "luno_error", code: "ErrMarketUnavailable", times: 1 }]);
  await assert.rejects(shared.call("getTicker", XBTZAR), { code: "ERR_MARKET_CLOSED" });
  assert.equal((await shared.call("getTicker", XBTZAR)).pair, "XBTZAR");
});

Deno.test("SharedReads counts reads that cost no call: those that waited with others, and those that were still fresh", async () => {
  await using world = await setup();
  const { shared, clock, requests } = world;
  await Promise.all(Array.from({ length: 5 }, () => shared.call("getTicker", XBTZAR)));
  assert.deepEqual(shared.saved.all, { coalesced: 4, cache: 0, stream: 0 });
  clock.now = 999;
  await shared.call("getTicker", XBTZAR);
  assert.deepEqual(shared.saved.all, { coalesced: 4, cache: 1, stream: 0 });
  await shared.call("getTicker", XBTZAR, { fresh: true });
  clock.now = 1_000;
  await shared.call("getTicker", XBTZAR);
  await Promise.all([1, 2].map(() => shared.as("key:alice").call("getBalances", {})));
  assert.deepEqual(shared.saved.all, { coalesced: 5, cache: 1, stream: 0 });
  assert.equal(requests(), 4);
});

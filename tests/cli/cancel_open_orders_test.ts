/** `kill --cancel-open` with and without a server that does it. */

import assert from "node:assert/strict";
import { accountsToCancel } from "../../src/cli/cancel_open_orders.ts";
import { kill } from "../../src/cli/kill.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { FaultyExchange } from "../trading/faulty_exchange.ts";
import { answeringInTurn, answeringLate } from "../trading/late_record.ts";
import { entry, FREE, INSTANCE, NOW, withStore } from "../trading/stores.ts";
import { TestWorld } from "./world.ts";
import { runnerOf } from "./trading_commands.ts";

const run = runnerOf(kill);
const KEY = { LUNO_API_KEY: SIMULATED_KEYS.trading.id, LUNO_API_SECRET: SIMULATED_KEYS.trading.secret };

/** An exchange on the real clock with two resting orders. */
async function openExchange(): Promise<FaultyExchange> {
  const exchange = new FaultyExchange({ clock: { now: Date.now() } });
  const client = exchange.connect({ withoutSockets: true });
  for (const price of ["900000", "910000"]) {
    await client.call("postLimitOrder", { pair: "XBTZAR", type: "BID", volume: "0.001", price });
  }
  return exchange;
}

function liveIn(exchange: FaultyExchange): number {
  return exchange.ledger.filter(({ status }) => status !== "COMPLETE").length;
}

/** A server that is running but does nothing, until it ends. */
function addServer(store: SqliteRecord, folder: string): { readonly id: string; readonly end: () => void } {
  const lock = InstanceLock.take(folder);
  store.instances.enter({ ...INSTANCE, id: lock.id, cancels: ["main"] });
  return { id: lock.id, end: () => lock.release() };
}

Deno.test("kill --cancel-open cancels by itself when no server runs, until nothing is open", () =>
  withStore(async (store, { folder: state }) => {
    await using exchange = await openExchange();
    const flags = { state, force: "true", "cancel-open": "true", "api-url": exchange.url };
    const { code, stdout, stderr } = await run(flags, { env: KEY });
    assert.deepEqual([code, stderr, liveIn(exchange)], [0, "", 0]);
    assert.match(stdout, /^All open orders are cancelled$/m);
    assert.match((await run({ state, status: "true" })).stdout, /open orders: all cancelled at 2026-/);
    assert.deepEqual(store.instances.alive(), []);
  }));

Deno.test("kill --cancel-open fails without a key, and the request to cancel remains", () =>
  withStore(async (store, { folder: state }) => {
    const { code, stdout, stderr } = await run({ state, force: "true", "cancel-open": "true" });
    assert.equal(code, 1);
    assert.match(stdout, /^Trading is halted/);
    assert.match(stderr, /not all open orders are cancelled; cancelling stays requested/);
    assert.match(stderr, /^LUNO_API_KEY: expected the key of the exchange/m);
    assert.equal(store.cancelRequests.open(["main"]).length, 1);
    const status = JSON.parse((await run({ state, status: "true" }, { terminal: false })).stdout);
    assert.deepEqual([status.halted, status.cancel_open, status.cancelling[0].done_at], [true, true, null]);
  }));

Deno.test("kill --cancel-open fails at once where the exchange refuses its key", () =>
  withStore(async (store, { folder: state }) => {
    await using exchange = await openExchange();
    const before = liveIn(exchange);
    const flags = { state, force: "true", "cancel-open": "true", "api-url": exchange.url };
    const { code, stderr } = await run(flags, { env: { ...KEY, LUNO_API_SECRET: "wrong" } });
    assert.equal(code, 1);
    assert.match(stderr, /ERR_CREDENTIALS_REFUSED/);
    assert.deepEqual([store.cancelRequests.open(["main"]).length, liveIn(exchange)], [1, before]);
  }));

Deno.test("kill --cancel-open refuses to cancel at an exchange other than the record's, and names that one", () =>
  withStore(async (store, { folder: state }) => {
    store.accounts.bind("main", "api.luno.com");
    await using exchange = await openExchange();
    const before = liveIn(exchange);
    const { code, stderr } = await run({ state, force: "true", "cancel-open": "true", "api-url": exchange.url }, {
      env: KEY,
    });
    assert.equal(code, 1);
    assert.match(stderr, /^--api-url: expected api\.luno\.com/m);
    assert.equal(liveIn(exchange), before);
  }));

Deno.test("kill --cancel-open leaves cancelling to a server that accepts the request", () =>
  withStore(async (store, { folder: state }) => {
    const server = addServer(store, state);
    const timer = setInterval(() => {
      for (const request of store.cancelRequests.open(["main"])) {
        store.cancelRequests.claim(request, server.id, { now: NOW });
      }
    }, 20);
    try {
      const { code, stdout } = await run({ state, force: "true", "cancel-open": "true" });
      assert.equal(code, 0);
      assert.match(stdout, /^Open orders are cancelled by the running server \(process 4711\)/m);
    } finally {
      clearInterval(timer);
      server.end();
    }
  }));

Deno.test("kill --cancel-open cancels by itself when the running server is frozen", () =>
  withStore(async (store, { folder: state }) => {
    await using exchange = await openExchange();
    const server = addServer(store, state);
    const flags = { state, force: "true", "cancel-open": "true", "api-url": exchange.url };
    const { code } = await run(flags, { env: KEY, now: NOW });
    assert.deepEqual([code, liveIn(exchange)], [0, 0]);
    server.end();
  }));

Deno.test("accountsToCancel() accounts for a paper order that is settled while it reads", () =>
  withStore(async (store) => {
    store.journal.begin(entry("mine", { account: "paper" }), FREE, NOW);
    const settle = () => store.journal.settle("lm-mine", { state: "placed", orderId: "BXPAPER1" }, NOW);
    const record = { instances: answeringLate(store.instances), journal: answeringInTurn(store.journal, settle) };
    const flags = { exchange: "paper" };
    assert.deepEqual(await accountsToCancel(record, { flags, world: new TestWorld() }), ["paper"]);
  }));

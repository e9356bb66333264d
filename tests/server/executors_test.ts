/** One record under exchanges and paper accounts that are started anew. */

import assert from "node:assert/strict";
import Big from "big.js";
import { openExchange } from "../../src/server/open_exchange.ts";
import { openPaper } from "../../src/server/open_paper.ts";
import { openTrading } from "../../src/server/open_trading.ts";
import { openTradingRecord } from "../../src/server/open_trading_record.ts";
import { loadConfig } from "../../src/config/load.ts";
import { openLedger } from "../simulation/paper/paper_world.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { startSimulation } from "../../src/simulation/server.ts";
import type { Broker } from "../../src/trading/broker.ts";
import type { BrokerCall } from "../../src/trading/broker_parts.ts";
import type { PlacementResult } from "../../src/trading/execution/placement_result.ts";
import type { TradingRecord } from "../../src/trading/record/trading_record.ts";
import { TestWorld } from "../cli/world.ts";

/** A clock that agrees with what servers say in their answers. */
class LiveWorld extends TestWorld {
  override now(): number {
    return Date.now();
  }
}

const CALL: BrokerCall = {
  identity: "local",
  asking: { canElicit: false },
  signal: new AbortController().signal,
  mayTrade: () => true,
};

interface Serving {
  readonly broker: Broker;
  readonly record: TradingRecord;
  /** Below the market, and within what the policy allows. */
  readonly price: string;
}

/** A server's trading for as long as `body` runs. */
async function serving(
  flags: Record<string, string>,
  body: (serving: Serving) => Promise<void>,
  nowMs?: number,
): Promise<void> {
  const { id, secret } = SIMULATED_KEYS.trading;
  const env: Record<string, string> = { LUNO_API_KEY: id, LUNO_API_SECRET: secret };
  const loaded = await loadConfig({ trading: "auto", ...flags }, (name) => env[name]);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const world = Object.assign(new LiveWorld(), nowMs === undefined ? {} : { now: () => nowMs });
  const entered = await openTradingRecord(loaded, world, { isServer: true });
  assert.ok(entered.ok && entered.record !== undefined, JSON.stringify(entered));
  const { record } = entered;
  const opened = await openExchange(loaded, world);
  const { exchange, markets, close } = opened;
  const paper = loaded.config.exchange === "paper"
    ? await openPaper({
      ...{
        upstream: exchange,
        host: opened.main.name.host,
        folder: record.folder,
        stateTimeout: 30,
        world,
        isForAll: true,
      },
    })
    : undefined;
  const trading = await openTrading(record, {
    world,
    markets,
    accounts: paper ? [] : [opened.main],
    paper,
    announce: () => {},
  });
  try {
    const ticker = await exchange.call("getTicker", { pair: "XBTZAR" });
    const price = String(Math.floor(Number(ticker.bid) * 0.95));
    await body({ broker: trading.broker, record: record.record, price });
  } finally {
    await trading.close();
    await paper?.close();
    await close();
  }
}

async function withState(body: (state: string) => Promise<void>): Promise<void> {
  const state = await Deno.makeTempDir();
  try {
    await body(state);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

/** A bid that rests; at the same price for as long as a test lasts. */
function bid(price: string) {
  return { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001", price } as const;
}

async function place(
  { broker, price }: Serving,
  idempotencyKey?: string,
): Promise<Extract<PlacementResult, { status: "placed" }>> {
  const placed = await broker.place({ request: bid(price), idempotencyKey }, CALL);
  assert.ok(placed.status === "placed", JSON.stringify(placed));
  return placed;
}

Deno.test("A simulated exchange that restarts has the same order ids, and none of the record's former orders", () =>
  withState(async (state) => {
    const flags = { exchange: "simulated", state };
    let first: string | undefined;
    await serving(flags, async (serving) => {
      const { broker, price } = serving;
      const { order_id } = await place(serving, "key-1");
      const replaced = await broker.replace({ target: { orderId: order_id }, price: String(Number(price) + 1) }, CALL);
      assert.equal(replaced.status, "replaced", JSON.stringify(replaced));
      first = order_id;
    });
    await serving(flags, async (serving) => {
      const { broker, record, price } = serving;
      const { order_id, repeated, client_order_id } = await place(serving, "key-1");
      assert.deepEqual([order_id, repeated], [first, undefined]);
      const trail = await broker.trail("local", { orderId: order_id });
      assert.deepEqual(trail.map(({ event }) => event), ["preview", "intent", "sent", "outcome"]);
      assert.ok(trail.every(({ clientOrderId }) => clientOrderId === client_order_id));
      const replaced = await broker.replace({ target: { orderId: order_id }, price: String(Number(price) + 1) }, CALL);
      assert.equal(replaced.status, "replaced", JSON.stringify(replaced));
      assert.equal((await place(serving, "key-1")).repeated, true);
      assert.equal((await record.journal.open()).length, 1);
      assert.deepEqual((await record.audit.verify()).ok, true);
    });
  }));

Deno.test("A simulator that is restarted on its port is another exchange, also for a server that keeps running", () =>
  withState(async (state) => {
    let simulation = await startSimulation({ connectionResets: false });
    const port = Number(new URL(simulation.url).port);
    try {
      await serving({ "api-url": simulation.url, state }, async (serving) => {
        const { broker, record, price } = serving;
        const first = await place(serving, "key-1");
        await simulation.stop();
        simulation = await startSimulation({ port, connectionResets: false });
        await broker.preview(bid(price), CALL);
        const second = await place(serving, "key-1");
        assert.deepEqual([second.order_id, second.repeated], [first.order_id, undefined]);
        assert.deepEqual((await record.journal.open()).map(({ clientOrderId }) => clientOrderId), [
          second.client_order_id,
        ]);
        assert.deepEqual((await record.audit.verify()).ok, true);
      });
    } finally {
      await simulation.stop();
    }
  }));

Deno.test("A paper account that is reset knows no earlier key and no claim, while the server runs", () =>
  withState(async (state) => {
    const simulation = await startSimulation();
    const flags = { exchange: "paper", "api-url": simulation.url, state };
    try {
      await serving(flags, async (serving) => {
        const { broker, record, price } = serving;
        const first = await place(serving, "key-1");
        assert.equal((await place(serving, "key-1")).repeated, true);
        const preview = await broker.preview(bid(price), CALL);
        const other = await openLedger(state);
        await other.reset({ identity: "local", nowMs: Date.now() });
        await other.close();
        await assert.rejects(
          broker.place({ previewId: preview.previewId }, CALL),
          /was restarted since: preview it/,
        );
        const second = await place(serving, "key-1");
        assert.deepEqual([second.repeated, second.order_id === first.order_id], [undefined, false]);
        assert.deepEqual((await record.journal.open()).map(({ orderId }) => orderId), [second.order_id]);
        assert.deepEqual((await record.audit.verify()).ok, true);
      });
    } finally {
      await simulation.stop();
    }
  }));

Deno.test("A preview on paper excludes what the account has already taken of the real book", () =>
  withState(async (state) => {
    const at = Date.now();
    const simulation = await startSimulation({ now: () => at });
    const flags = { exchange: "paper", "api-url": simulation.url, state };
    try {
      await serving(flags, async ({ broker, price }) => {
        const { asks } = await (await fetch(`${simulation.url}/api/1/orderbook_top?pair=XBTZAR`)).json();
        const { volume } = asks[0];
        const limit = String(Math.ceil(Number(price) * 1.06));
        const order = { ...bid(limit), volume, time_in_force: "IOC" } as const;
        const first = await broker.preview(order, CALL);
        const placed = await broker.place({ previewId: first.previewId }, CALL);
        assert.equal(placed.status, "placed");
        const again = await broker.preview(order, CALL);
        const fills = [...first.estimate.fills, ...again.estimate.fills];
        const sold = new Map<string, Big>();
        for (const { price, volume } of fills) sold.set(price, (sold.get(price) ?? new Big(0)).plus(volume));
        for (const [at, volume] of sold) {
          const level = asks.find(({ price }: { price: string }) => new Big(price).eq(at));
          assert.ok(volume.lte(level.volume), `${volume} of ${level.volume} at ${at}`);
        }
        assert.equal(again.estimate.filledBase, new Big(volume).toFixed());
      }, at);
    } finally {
      await simulation.stop();
    }
  }));

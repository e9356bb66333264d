import assert from "node:assert/strict";
import type { Answer } from "../../src/protocol/answer.ts";
import { PricePushes } from "../../src/protocol/price_pushes.ts";
import type { PriceSource } from "../../src/protocol/price_pushes.ts";
import { Subscriptions } from "../../src/session/subscriptions.ts";
import type { Json } from "../support/exchange.ts";

const NOT_FOUND = { error: { code: -32602, message: "Unknown pair" } };
const FIRST = { ask: "11", bid: "9", last_trade: "10", rolling_24_hour_volume: "3" };

/** Prices that a test changes, and the connection of one client who is told. */
class Prices {
  readonly sent: Json[] = [];
  readonly changed = new Set<() => void>();
  readonly pushes: PricePushes;
  readonly kept: Subscriptions;
  price = FIRST;
  timestamp = 1;
  isAway = false;
  /** Holds reads back until it is resolved. */
  gate: Promise<void> = Promise.resolve();

  constructor(maxResources = 10) {
    const source: PriceSource = {
      answer: ({ params }) => {
        const pair = String(params?.pair).toUpperCase();
        return /^(XBT|ETH)ZAR$/.test(pair) ? { resultJson: JSON.stringify({ pair, age_ms: 0 }) } : NOT_FOUND;
      },
      read: async (pair) => {
        await this.gate;
        if (this.isAway) throw new Error("away");
        return { pair, ...this.price, timestamp: this.timestamp };
      },
      watchOf: () => (changed) => {
        this.changed.add(changed);
        return () => void this.changed.delete(changed);
      },
    };
    this.kept = new Subscriptions({ now: () => performance.now(), intervalMs: 0, maxResources });
    this.pushes = new PricePushes({
      source,
      kept: this.kept,
      send: (notification) => void this.sent.push(notification),
    });
  }

  async ask(method: string, params: Record<string, unknown>, signal = new AbortController().signal): Promise<Answer> {
    return await this.pushes.take({ jsonrpc: "2.0", id: 1, method, params }, signal) ?? { result: "not taken" };
  }

  /** Tells of a change and lets everything happen that follows at once. */
  async change(changes: Partial<typeof FIRST> = {}): Promise<void> {
    this.timestamp++;
    this.price = { ...this.price, ...changes };
    for (const changed of this.changed) changed();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

Deno.test("subscribe returns the price and pushes each later one, until unsubscribe", async () => {
  const prices = new Prices();
  const pair = "XBTZAR";
  assert.deepEqual(await prices.ask("subscribe", { pair: "xbtzar" }), { result: { pair, ...FIRST, timestamp: 1 } });
  await prices.change();
  assert.equal(prices.sent.length, 0, "only the time is another one");
  await prices.change({ bid: "9.5" });
  const params = { pair, ...FIRST, bid: "9.5", timestamp: 3 };
  assert.deepEqual(prices.sent, [{ jsonrpc: "2.0", method: "price_update", params }]);
  assert.deepEqual(await prices.ask("unsubscribe", { pair: "xbtzar" }), { result: { pair, success: true } });
  assert.equal(prices.changed.size, 0);
  await prices.change({ bid: "9.6" });
  assert.equal(prices.sent.length, 1);
  assert.deepEqual(await prices.ask("unsubscribe", { pair }), { result: { pair, success: true } });
});

Deno.test("subscribe a second time creates no second subscription, and unsubscribe without a pair is refused", async () => {
  const prices = new Prices();
  await Promise.all([prices.ask("subscribe", { pair: "XBTZAR" }), prices.ask("subscribe", { pair: "XBTZAR" })]);
  assert.equal(prices.kept.size, 1);
  assert.deepEqual(await prices.ask("unsubscribe", {}), NOT_FOUND);
  assert.equal(prices.kept.size, 1);
});

Deno.test("subscribe refuses an unknown pair, and more pairs than a client may have", async () => {
  const prices = new Prices(1);
  assert.deepEqual(await prices.ask("subscribe", { pair: "NOPE" }), NOT_FOUND);
  await prices.ask("subscribe", { pair: "XBTZAR" });
  const full = await prices.ask("subscribe", { pair: "ETHZAR" });
  assert.equal("error" in full && full.error.code, -32000);
  assert.equal(prices.kept.size, 1);
});

Deno.test("subscribe of a client that has disconnected creates no subscription", async () => {
  const prices = new Prices();
  await prices.ask("subscribe", { pair: "XBTZAR" }, AbortSignal.abort());
  assert.equal(prices.kept.size, 0);
});

Deno.test("changes that arrive while a price is read are one push, with the newest price", async () => {
  const prices = new Prices();
  await prices.ask("subscribe", { pair: "XBTZAR" });
  const { promise, resolve } = Promise.withResolvers<void>();
  prices.gate = promise;
  await prices.change({ bid: "9.1" });
  await prices.change({ bid: "9.2" });
  await prices.change({ bid: "9.3" });
  assert.equal(prices.sent.length, 0);
  resolve();
  await settled();
  assert.deepEqual(prices.sent.map(({ params }) => params?.bid), ["9.3"]);
});

Deno.test("a price that cannot be read is pushed with the next change, and nothing after close()", async () => {
  const prices = new Prices();
  await prices.ask("subscribe", { pair: "XBTZAR" });
  prices.isAway = true;
  await prices.change({ bid: "9.1" });
  assert.equal(prices.sent.length, 0);
  prices.isAway = false;
  await prices.change();
  assert.equal(prices.sent.length, 1);
  const { promise, resolve } = Promise.withResolvers<void>();
  prices.gate = promise;
  await prices.change({ bid: "9.2" });
  prices.pushes.close();
  resolve();
  await settled();
  assert.equal(prices.sent.length, 1);
});

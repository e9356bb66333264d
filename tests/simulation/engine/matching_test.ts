import assert from "node:assert/strict";
import fc from "fast-check";
import {
  byPriority,
  type IncomingOrder,
  matchOrder,
  type RestingOrder,
} from "../../../src/simulation/engine/matching.ts";

const ASKS: readonly RestingOrder[] = [
  { id: "a", price: 100, volume: 5, own: false },
  { id: "b", price: 100, volume: 3, own: true },
  { id: "c", price: 102, volume: 10, own: false },
];

function buy(price: number, volume: number, more: Partial<Extract<IncomingOrder, { kind: "limit" }>> = {}) {
  return { kind: "limit", side: "BUY", price, volume, timeInForce: "GTC", postOnly: false, ...more } as const;
}

function matched(opposite: readonly RestingOrder[], incoming: IncomingOrder) {
  const result = matchOrder(opposite, incoming);
  assert.ok(result.ok);
  return result;
}

Deno.test("matchOrder() fills the best price first, then the oldest, at the makers' prices", () => {
  const { fills, resting } = matched(ASKS, buy(102, 9));
  assert.deepEqual(fills, [
    { makerId: "a", price: 100, volume: 5 },
    { makerId: "b", price: 100, volume: 3 },
    { makerId: "c", price: 102, volume: 1 },
  ]);
  assert.equal(resting, 0);
});

Deno.test("matchOrder() rests the remainder of a GTC order and drops that of an IOC order", () => {
  assert.equal(matched(ASKS, buy(100, 20)).resting, 12);
  assert.equal(matched(ASKS, buy(100, 20, { timeInForce: "IOC" })).resting, 0);
});

Deno.test("matchOrder() rests an order that matches nothing without a fill", () => {
  assert.deepEqual(matched(ASKS, buy(99, 4)), { ok: true, fills: [], cancelled: [], resting: 4, unmet: true });
});

Deno.test("matchOrder() fills a FOK order completely or not at all", () => {
  assert.equal(matched(ASKS, buy(102, 18, { timeInForce: "FOK" })).fills.length, 3);
  assert.deepEqual(matchOrder(ASKS, buy(102, 19, { timeInForce: "FOK" })), {
    ok: false,
    reason: "fill_or_kill_unfillable",
  });
});

Deno.test("matchOrder() refuses a post-only order that would trade and rests one that would not", () => {
  assert.deepEqual(matchOrder(ASKS, buy(100, 1, { postOnly: true })), { ok: false, reason: "post_only_would_trade" });
  assert.equal(matched(ASKS, buy(99, 1, { postOnly: true })).resting, 1);
});

Deno.test("matchOrder() spends a market buy's budget down to less than one lot", () => {
  const { fills, unmet } = matched(ASKS, { kind: "market", side: "BUY", budget: 1_005n });
  assert.deepEqual(fills.map(({ volume }) => volume), [5, 3, 2]);
  assert.equal(unmet, false);
});

Deno.test("matchOrder() reports that a market order exceeds the book", () => {
  assert.equal(matched(ASKS, { kind: "market", side: "BUY", budget: 10_000n }).unmet, true);
  assert.equal(matched([], { kind: "market", side: "SELL", volume: 1 }).unmet, true);
  assert.equal(matched(ASKS, { kind: "market", side: "SELL", volume: 18 }).unmet, false);
});

Deno.test("matchOrder() cancels own resting orders instead of trading with them on request", () => {
  const result = matchOrder(ASKS, buy(102, 9), { selfTrade: "cancel_resting" });
  assert.ok(result.ok);
  assert.deepEqual(result.cancelled, ["b"]);
  assert.deepEqual(result.fills.map(({ makerId }) => makerId), ["a", "c"]);
});

const resting = fc.array(
  fc.record({ price: fc.integer({ min: 1, max: 50 }), volume: fc.integer({ min: 1, max: 1000 }) }),
  { maxLength: 30 },
);
const sides = fc.constantFrom("BUY" as const, "SELL" as const);

/** A sorted opposite side for an order of `side`. */
function opposite(side: "BUY" | "SELL", orders: readonly { price: number; volume: number }[]): RestingOrder[] {
  return orders.map((order, place) => ({ ...order, id: String(place), own: false }))
    .sort(byPriority(side === "BUY" ? "SELL" : "BUY"));
}

Deno.test("matchOrder() keeps price-time priority, limits and volumes for every limit order", () => {
  const tif = fc.constantFrom("GTC" as const, "IOC" as const, "FOK" as const);
  fc.assert(fc.property(
    resting,
    sides,
    tif,
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 20_000 }),
    (orders, side, timeInForce, price, volume) => {
      const makers = opposite(side, orders);
      const result = matchOrder(makers, { kind: "limit", side, price, volume, timeInForce, postOnly: false });
      const reachable = makers.filter((maker) => side === "BUY" ? maker.price <= price : maker.price >= price);
      const offered = reachable.reduce((sum, maker) => sum + maker.volume, 0);
      if (!result.ok) {
        assert.equal(timeInForce, "FOK");
        assert.ok(offered < volume);
        return;
      }
      const filled = result.fills.reduce((sum, fill) => sum + fill.volume, 0);
      assert.equal(filled, Math.min(volume, offered));
      assert.equal(result.resting, timeInForce === "GTC" ? volume - filled : 0);
      result.fills.forEach((fill, place) => {
        const maker = reachable[place];
        assert.ok(maker !== undefined && fill.makerId === maker.id && fill.price === maker.price);
        const isLast = place === result.fills.length - 1;
        assert.ok(isLast ? fill.volume > 0 && fill.volume <= maker.volume : fill.volume === maker.volume);
      });
    },
  ));
});

Deno.test("matchOrder() never spends more than a market buy's budget, and never less than it could", () => {
  fc.assert(fc.property(resting, fc.bigInt({ min: 1n, max: 500_000n }), (orders, budget) => {
    const makers = opposite("BUY", orders);
    const { fills, unmet } = matched(makers, { kind: "market", side: "BUY", budget });
    const spent = fills.reduce((sum, fill) => sum + fill.price * fill.volume, 0);
    const left = Number(budget) - spent;
    assert.ok(left >= 0);
    const next = makers.find((maker) => (fills.find((fill) => fill.makerId === maker.id)?.volume ?? 0) < maker.volume);
    if (next !== undefined) assert.ok(left < next.price);
    else assert.equal(unmet, left >= (fills.at(-1)?.price ?? 1));
  }));
});

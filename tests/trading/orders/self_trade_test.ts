import assert from "node:assert/strict";
import type { Order } from "../../../src/trading/orders/order.ts";
import { mayTradeTogether } from "../../../src/trading/orders/self_trade.ts";
import type { OwnSide } from "../../../src/trading/orders/self_trade.ts";
import { entry, FREE, NOW, ORDER, outcomeOf, place, withStore } from "../stores.ts";

const { postOnly: _postOnly, ...PLAIN } = ORDER;

function limit(side: Order["side"], price: string, rest: Partial<Order> = {}): OwnSide {
  return { order: { ...PLAIN, side, price, ...rest }, worstPrice: null, isPlaced: false };
}

function stop(side: Order["side"], price: string, stopPrice: string, stopDirection: Order["stopDirection"]): OwnSide {
  return limit(side, price, { type: "stop_limit", stopPrice, ...(stopDirection && { stopDirection }) });
}

function market(side: Order["side"], worstPrice: string | null): OwnSide {
  const { price: _price, timeInForce: _timeInForce, ...order } = PLAIN;
  return { order: { ...order, type: "market", side }, worstPrice, isPlaced: false };
}

function placed(side: OwnSide): OwnSide {
  return { ...side, isPlaced: true };
}

const ASK = placed(limit("SELL", "100"));
const BID = placed(limit("BUY", "100"));
const IOC = { timeInForce: "IOC" } as const;
const POST_ONLY = { postOnly: true } as const;

const CASES: readonly (readonly [string, OwnSide, OwnSide, boolean])[] = [
  ["a bid at the price of an own ask", limit("BUY", "100"), ASK, true],
  ["a bid below it", limit("BUY", "99.99"), ASK, false],
  ["an ask below an own bid", limit("SELL", "99"), BID, true],
  ["an ask above it", limit("SELL", "100.01"), BID, false],
  ["another pair", limit("BUY", "100", { pair: "ETHZAR" }), ASK, false],
  ["the same side", limit("SELL", "100"), ASK, false],
  ["a market order that is expected to come as far", market("BUY", "100"), ASK, true],
  ["one that is not", market("BUY", "99"), ASK, false],
  ["one of which nobody knows", market("SELL", null), BID, true],
  ["a market order against one on its way", market("BUY", "100"), market("SELL", "100"), false],
  ["an order that takes at once against an own ask", limit("BUY", "100", IOC), ASK, true],
  ["two that take at once", limit("BUY", "100", IOC), limit("SELL", "100", IOC), false],
  ["one that takes at once, on its way, and a new bid", limit("BUY", "100"), limit("SELL", "100", IOC), true],
  ["a post-only bid and an ask that is placed", limit("BUY", "100", POST_ONLY), ASK, false],
  ["a post-only bid and an ask on its way", limit("BUY", "100", POST_ONLY), limit("SELL", "100"), true],
  ["a bid and a post-only ask on its way", limit("BUY", "100"), limit("SELL", "100", POST_ONLY), true],
  ["two post-only ones", limit("BUY", "100", POST_ONLY), limit("SELL", "100", POST_ONLY), false],
  ["a stop that would be set off into an own ask", stop("BUY", "110", "99", "ABOVE"), ASK, true],
  ["a stop whose limit price does not come as far", stop("BUY", "99.5", "99", "ABOVE"), ASK, false],
  ["a stop that is set off beyond an own ask", stop("BUY", "110", "101", "ABOVE"), ASK, false],
  ["a stop loss below an own bid", stop("SELL", "90", "95", "BELOW"), BID, false],
  ["a stop loss into an own bid", stop("SELL", "90", "100", "BELOW"), BID, true],
  ["a stop that follows the last trade", stop("SELL", "90", "95", "RELATIVE_LAST_TRADE"), BID, true],
  [
    "a stop that is placed and a new bid in its way",
    limit("BUY", "95"),
    placed(stop("SELL", "90", "95", "BELOW")),
    true,
  ],
  ["two stops apart", stop("BUY", "111", "110", "ABOVE"), placed(stop("SELL", "89", "90", "BELOW")), false],
];
for (const [what, one, other, expected] of CASES) {
  Deno.test(`mayTradeTogether() is ${expected} for ${what}`, () => {
    assert.equal(mayTradeTogether(one, other), expected);
    assert.equal(mayTradeTogether(other, one), expected);
  });
}

const SALE: Order = { ...PLAIN, side: "SELL" };

Deno.test("Journal.begin() refuses an order that may trade with an own one, of any caller and process", () =>
  withStore((store, { open }) => {
    place(store, "bid", { order: PLAIN });
    const other = open().journal;
    const refused = other.begin(entry("ask", { identity: "key:bob", order: SALE }), FREE, NOW);
    assert.ok(refused.kind === "refused" && refused.code === "ERR_SELF_CROSSING");
    assert.match(refused.message, /may trade with own order BXbid: cancel that first/);
    assert.equal(outcomeOf(other.begin(entry("paper", { account: "paper", order: SALE }), FREE, NOW)), "begun");
    store.journal.close("lm-bid", { base: "0", counter: "0" }, NOW);
    assert.equal(outcomeOf(other.begin(entry("late", { order: SALE }), FREE, NOW)), "begun");
  }));

Deno.test("Journal.begin() checks an order against those in flight and of unknown outcome, not against lost ones", () =>
  withStore((store) => {
    const { journal } = store;
    const ask = (name: string) => outcomeOf(journal.begin(entry(name, { order: SALE }), FREE, NOW));
    journal.begin(entry("bid", { order: PLAIN }), FREE, NOW);
    assert.equal(ask("a"), "ERR_SELF_CROSSING");
    journal.settle("lm-bid", { state: "unknown", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(ask("b"), "ERR_SELF_CROSSING");
    journal.settle("lm-bid", { state: "not_placed", reason: "ERR_TIMEOUT" }, NOW);
    assert.equal(ask("c"), "begun");
  }));

Deno.test("Journal.begin() keeps paper accounts separate, and remembers how far a market order was expected to trade", () =>
  withStore((store) => {
    const { journal } = store;
    const { order } = market("SELL", null);
    const sale = { account: "paper", order, worstPrice: "1000001" };
    assert.equal(outcomeOf(journal.begin(entry("sale", sale), FREE, NOW)), "begun");
    const bid = (name: string, identity: string, price: string) =>
      outcomeOf(journal.begin(entry(name, { account: "paper", identity, order: { ...PLAIN, price } }), FREE, NOW));
    assert.equal(bid("a", "key:bob", "1000001"), "begun");
    assert.equal(bid("b", "key:alice", "1000001"), "ERR_SELF_CROSSING");
    assert.equal(bid("c", "key:alice", "1000000"), "begun");
  }));

Deno.test("Journal.wouldRefuse() ignores the order that will be gone", () =>
  withStore((store) => {
    place(store, "bid", { order: PLAIN });
    const { validUntil: _validUntil, ...ask } = entry("ask", { order: SALE });
    const refused = store.journal.wouldRefuse(ask, { policy: FREE, now: NOW });
    assert.equal(refused?.code, "ERR_SELF_CROSSING");
    assert.equal(store.journal.wouldRefuse(ask, { policy: FREE, now: NOW, without: "lm-bid" }), undefined);
  }));

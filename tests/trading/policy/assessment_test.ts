import assert from "node:assert/strict";
import Big from "big.js";
import { assessOrder } from "../../../src/trading/policy/assessment.ts";
import type { OrderRequest } from "../../../src/trading/orders/order.ts";
import { findReplaced } from "../../../src/trading/orders/replacement.ts";
import { TradingError } from "../../../src/trading/orders/trading_error.ts";
import { BrokerWorld, REST } from "../broker_world.ts";
import type { BrokerWorldOptions } from "../broker_world.ts";

/** A world, and what orders are assessed with in it. */
async function start(options: BrokerWorldOptions = {}) {
  const world = await BrokerWorld.start(options);
  const { exchange, markets, signal } = world.context();
  const parts = { exchange, markets, signal, policy: world.policies.of("local"), now: () => world.now };
  return {
    world,
    parts,
    assess: (request: OrderRequest) => assessOrder(request, parts),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

Deno.test("assessOrder() reports every problem of an order at once, each with its field", async () => {
  await using started = await start();
  await assert.rejects(started.assess({ ...REST, volume: "-1", price: "1e6", stop_price: "5" }), (error) => {
    assert.ok(error instanceof TradingError);
    assert.equal(error.code, "ERR_ORDER_INVALID");
    assert.deepEqual(error.fields?.map(({ field }) => field).toSorted(), [
      "price",
      "stop_price",
      "stop_price",
      "volume",
    ]);
    return true;
  });
});

Deno.test("assessOrder() resolves the market as people write it", async () => {
  await using started = await start();
  const { order, market } = await started.assess({ ...REST, pair: "btc/zar" });
  assert.deepEqual([order.pair, market.market_id], ["XBTZAR", "XBTZAR"]);
});

Deno.test("assessOrder() values an order in each currency that the policy limits", async () => {
  const policy = {
    default: {
      max_per_order: { amount: "1000000", currency: "USDT" },
      max_per_day: { amount: "1000000", currency: "ZAR" },
    },
  };
  await using started = await start({ policy });
  const { order, notionalOf, policyProblems } = await started.assess(REST);
  const worth = new Map(notionalOf(order).map(({ currency, amount }) => [currency, amount]));
  assert.equal(worth.get("ZAR"), "1050");
  const dollars = Number(worth.get("USDT"));
  assert.ok(dollars > 60 && dollars < 75, String(dollars));
  assert.deepEqual(policyProblems, []);
});

Deno.test("assessOrder() counts the reservation of a replaced order as available, and not as an own order", async () => {
  await using started = await start();
  const { world, parts } = started;
  const most = { ...REST, volume: "0.25" };
  const { order_id } = await world.answer("place_order", most);
  const alone = await assessOrder(most, parts);
  assert.deepEqual(alone.estimate.problems.map(({ code }) => code), ["ERR_INSUFFICIENT_FUNDS"]);
  const replaced = await findReplaced(parts.exchange, { orderId: order_id }, parts.signal);
  const instead = await assessOrder(most, { ...parts, replaced });
  assert.deepEqual(instead.estimate.problems, []);
});

Deno.test("assessOrder() counts as available no more than one account holds, since an order is paid from one", async () => {
  await using started = await start();
  const { balances } = await started.world.answer("get_account_balance", { currency: "ZAR" });
  const { accounts } = await started.world.answer("get_accounts", { currency: "ZAR" });
  assert.equal(accounts.length, 2);
  const { estimate } = await started.assess({ ...REST, volume: "0.29" });
  assert.equal(estimate.balances?.counter.before, accounts[0].available);
  assert.ok(Number(balances[0].available) > 0.29 * 1_050_000);
  assert.deepEqual(estimate.problems.map(({ code }) => code), ["ERR_INSUFFICIENT_FUNDS"]);
});

Deno.test("assessOrder() reads the whole book for an order that the short one cannot fill", async () => {
  await using started = await start();
  const { exchange } = started.world;
  const paths = () => exchange.seen.map(({ path }) => path).filter((path) => /orderbook/.test(path));
  await started.assess({ pair: "XBTZAR", side: "SELL", type: "market", volume: "0.01" });
  assert.deepEqual(paths(), ["/api/1/orderbook_top"]);
  await started.assess({ pair: "XBTZAR", side: "SELL", type: "market", volume: "90" });
  assert.deepEqual(paths().slice(1), ["/api/1/orderbook_top", "/api/1/orderbook"]);
});

Deno.test("assessOrder() converts and estimates by the whole book what continues beyond the short one", async () => {
  await using started = await start();
  const { exchange } = started.parts;
  const { bids } = await exchange.call("getOrderBook", { pair: "XBTZAR" });
  const { bids: all } = await exchange.call("getOrderBookFull", { pair: "XBTZAR" });
  const sum = (levels: typeof bids) => levels.reduce((total, { volume }) => total.plus(volume), new Big(0));
  const worth = bids.reduce((total, { price, volume }) => total.plus(new Big(price).times(volume)), new Big(0));
  const volume = sum(bids).plus("0.0001").toFixed();
  assert.ok(sum(all).gt(volume), `${sum(all)}`);
  const counter_volume = worth.plus(100).round(2).toFixed();
  const sold = await started.assess({ pair: "XBTZAR", side: "SELL", type: "market", counter_volume });
  assert.ok(worth.lt(sold.estimate.filledCounter));
  const limit = { pair: "XBTZAR", side: "SELL", type: "limit", volume, price: all.at(-1)?.price ?? "" } as const;
  const { estimate } = await started.assess({ ...limit, time_in_force: "FOK" });
  assert.equal(estimate.filledBase, volume);
});

Deno.test("assessOrder() sends nothing", async () => {
  await using started = await start();
  await started.assess(REST);
  assert.deepEqual(started.world.sent, []);
});

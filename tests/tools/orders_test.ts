import assert from "node:assert/strict";
import Big from "big.js";
import { type Json, TestExchange } from "../support/exchange.ts";

const pair = "XBTZAR";

/** Follows a list's cursors to the end. */
async function follow(exchange: TestExchange, tool: string, args: Record<string, unknown>): Promise<Json[]> {
  const rows: Json[] = [];
  for (let cursor: string | undefined, page = 0;; page++) {
    assert.ok(page < 500, "the cursors lead nowhere");
    const answer: Json = await exchange.answer(tool, { ...args, ...(cursor && { cursor }) });
    const list = answer.orders ?? answer.trades;
    assert.ok(list.length <= Number(args.limit ?? 25));
    rows.push(...list);
    cursor = answer.next_cursor;
    if (cursor === undefined) return rows;
  }
}

/** Places a limit order and answers its id. */
async function place(
  { client }: TestExchange,
  order: {
    type: "BID" | "ASK";
    volume: string;
    price: string;
    time_in_force?: "IOC" | "FOK";
    client_order_id?: string;
  },
): Promise<string> {
  return (await client.call("postLimitOrder", { pair, ...order })).order_id;
}

/** Places orders that rest in one and the same millisecond and cancels every third of them. */
async function placeMany(exchange: TestExchange, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const id = await place(exchange, { type: "BID", volume: "0.0005", price: "1000" });
    if (index % 3 === 0) await exchange.client.call("stopOrder", { order_id: id });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function idsAtExchange({ client }: TestExchange, closed: readonly boolean[]): Promise<string[]> {
  const lists = await Promise.all(closed.map((each) => client.call("listOrders", { closed: each, limit: 1_000 })));
  return lists.flatMap(({ orders }) => orders.map(({ order_id }) => order_id)).toSorted();
}

Deno.test("orders that are filled, cancelled, ended by the exchange, open, partly filled or awaiting are distinguished", async () => {
  await using exchange = await TestExchange.start();
  const { asks } = await exchange.answer("get_orderbook", { pair });
  const [price, volume] = asks[0];
  const more = new Big(volume).plus("0.001").toFixed();
  const expected = {
    "expired, filled in part": await place(exchange, { type: "BID", price, volume: more, time_in_force: "IOC" }),
    "expired, empty": await place(exchange, { type: "BID", price: "1000", volume: "0.001", time_in_force: "FOK" }),
    "filled": await place(exchange, { type: "BID", price: "1200000", volume: "0.001", time_in_force: "IOC" }),
    "open": await place(exchange, { type: "BID", price: "1001", volume: "0.001" }),
    "cancelled": await place(exchange, { type: "BID", price: "1002", volume: "0.001" }),
  };
  await exchange.client.call("stopOrder", { order_id: expected.cancelled });
  const best = (await exchange.answer("get_orderbook", { pair })).asks[0];
  const partly = await place(exchange, {
    type: "BID",
    price: best[0],
    volume: new Big(best[1]).plus(1).div(10).plus(best[1]).round(6, 0).toFixed(),
  });
  const statusOf = async (order_id: string) => {
    const order = await exchange.answer("get_order_status", { order_id });
    return [order.status, new Big(order.filled_volume).gt(0), order.completed !== undefined];
  };
  assert.deepEqual(await statusOf(expected["expired, filled in part"]), ["expired", true, true]);
  assert.deepEqual(await statusOf(expected["expired, empty"]), ["expired", false, true]);
  assert.deepEqual(await statusOf(expected.filled), ["filled", true, true]);
  assert.deepEqual(await statusOf(expected.open), ["open", false, false]);
  assert.deepEqual(await statusOf(expected.cancelled), ["cancelled", false, true]);
  assert.deepEqual(await statusOf(partly), ["partially_filled", true, false]);
  const { orders } = await exchange.answer("list_orders", { state: "open" });
  assert.ok(orders.some((order: Json) => order.type === "STOP_LIMIT" && order.status === "awaiting"));
});

Deno.test("list_orders returns the orders of a state and no others", async () => {
  await using exchange = await TestExchange.start();
  await placeMany(exchange, 9);
  const all = await follow(exchange, "list_orders", { limit: 500 });
  for (const state of ["filled", "cancelled", "expired"]) {
    const expected = all.filter(({ status }) => status === state);
    assert.deepEqual(await follow(exchange, "list_orders", { state, limit: 2 }), expected);
  }
  const live = all.filter(({ completed }) => completed === undefined);
  assert.deepEqual(await follow(exchange, "get_open_orders", { limit: 4 }), live);
  assert.deepEqual(await follow(exchange, "list_orders", { state: "open" }), live);
  const inPair = await follow(exchange, "list_orders", { pair: "eth/zar", limit: 1 });
  assert.deepEqual(inPair, all.filter((order) => order.pair === "ETHZAR"));
});

Deno.test("list_orders pages through every order exactly once, latest first, though many share a millisecond", async () => {
  await using exchange = await TestExchange.start();
  await placeMany(exchange, 40);
  exchange.clock.now += 1;
  await placeMany(exchange, 20);
  const closedOf = { all: [false, true], open: [false], closed: [true] };
  for (const [state, closed] of Object.entries(closedOf)) {
    const expected = await idsAtExchange(exchange, closed);
    for (const limit of [1, 7, 25, 69, 70, 500]) {
      const orders = await follow(exchange, "list_orders", { state, limit });
      assert.deepEqual(orders.map(({ order_id }) => order_id).toSorted(), expected, `${state}, ${limit} at a time`);
      const times = orders.map(({ created }) => created);
      assert.deepEqual(times, times.toSorted().reverse());
    }
  }
});

Deno.test("list_orders does not lose an order that closes while the lists are read", async () => {
  await using exchange = await TestExchange.start();
  const id = await place(exchange, { type: "BID", volume: "0.001", price: "1000" });
  const closedRead = Promise.withResolvers<void>();
  let reads = 0;
  const context = exchange.connect({
    async fetch(...request: Parameters<typeof fetch>) {
      const url = String(request[0]);
      if (!url.includes("listorders")) return await fetch(...request);
      // A list of closed orders that is asked for at the same time would be answered first.
      if (url.includes("closed=false")) await Promise.race([closedRead.promise, pause(30)]);
      const response = await fetch(...request);
      if (reads++ === 0) await exchange.client.call("stopOrder", { order_id: id });
      closedRead.resolve();
      return response;
    },
  });
  const { orders } = await exchange.answer("list_orders", { state: "all" }, context);
  assert.deepEqual(orders.filter(({ order_id }: Json) => order_id === id).map(({ status }: Json) => status), [
    "cancelled",
  ]);
});

Deno.test("get_order_status finds an order by either id and requires exactly one of them", async () => {
  await using exchange = await TestExchange.start();
  const client_order_id = "Plan_7;a,b.c-d";
  const order_id = await place(exchange, { type: "ASK", volume: "0.001", price: "9000000", client_order_id });
  const order = await exchange.answer("get_order_status", { order_id });
  assert.deepEqual(await exchange.answer("get_order_status", { client_order_id }), order);
  assert.deepEqual(
    [order.order_id, order.client_order_id, order.pair, order.side, order.type, order.price, order.volume],
    [order_id, client_order_id, pair, "SELL", "LIMIT", "9000000", "0.001"],
  );
  for (const args of [{}, { order_id, client_order_id }]) {
    const error = await exchange.refusal("get_order_status", args);
    assert.deepEqual([error.code, error.fields?.[0]?.field], ["ERR_INVALID_ARGUMENT", "order_id"]);
  }
  const unknown = await exchange.refusal("get_order_status", { order_id: "BXUNKNOWN1" });
  assert.deepEqual([unknown.code, unknown.exchange?.code], ["ERR_NOT_FOUND", "ErrOrderNotFound"]);
});

Deno.test("get_trade_history pages through every fill exactly once, both halves of a self-trade included", async () => {
  await using exchange = await TestExchange.start();
  const { bids, asks } = await exchange.answer("get_orderbook", { pair });
  const price = new Big(bids[0][0]).plus(asks[0][0]).div(2).round(0).toFixed();
  for (let trade = 0; trade < 3; trade++) {
    await place(exchange, { type: "ASK", volume: "0.001", price });
    await place(exchange, { type: "BID", volume: "0.001", price, time_in_force: "IOC" });
  }
  const { trades: wire } = await exchange.client.call("listUserTrades", { pair, sort_desc: true, limit: 1_000 });
  const nameOf = ({ sequence, order_id }: Json) => `${sequence} ${order_id}`;
  assert.ok(new Set(wire.map(({ sequence }) => sequence)).size < wire.length, "no trade with oneself");
  for (const limit of [1, 2, 3, 500]) {
    const trades = await follow(exchange, "get_trade_history", { pair, limit });
    assert.deepEqual(trades.map(nameOf).toSorted(), wire.map(nameOf).toSorted(), `${limit} at a time`);
    const order = trades.map(({ sequence }) => sequence);
    assert.deepEqual(order, order.toSorted((one, other) => other - one));
  }
});

Deno.test("get_trade_history shows side, role and fees as the exchange does", async () => {
  await using exchange = await TestExchange.start();
  const { bids, asks } = await exchange.answer("get_orderbook", { pair });
  const price = new Big(bids[0][0]).plus(asks[0][0]).div(2).round(0).toFixed();
  const maker = await place(exchange, { type: "ASK", volume: "0.001", price });
  const taker = await place(exchange, { type: "BID", volume: "0.001", price, time_in_force: "IOC" });
  const { trades } = await exchange.answer("get_trade_history", { pair, limit: 2 });
  const byOrder = new Map(trades.map((trade: Json) => [trade.order_id, trade]));
  const [sold, bought]: Json[] = [byOrder.get(maker), byOrder.get(taker)];
  assert.deepEqual([sold.side, sold.role, bought.side, bought.role], ["SELL", "maker", "BUY", "taker"]);
  assert.equal(bought.value, new Big(price).times("0.001").toFixed());
  const fees = await exchange.answer("get_fees", { pair });
  assert.equal(bought.fee_base, new Big("0.001").times(fees.taker_buy_percent).div(100).round(8).toFixed());
  assert.equal(bought.fee_counter, "0");
});

Deno.test("get_trade_history applies since on every page", async () => {
  await using exchange = await TestExchange.start();
  const all = await follow(exchange, "get_trade_history", { pair });
  const since = all[1].time;
  const recent = await follow(exchange, "get_trade_history", { pair, since, limit: 1 });
  assert.deepEqual(recent, all.filter(({ time }) => time >= since));
  assert.ok(recent.length > 1 && recent.length < all.length);
});

Deno.test("get_fees returns percentages, negative where the exchange pays", async () => {
  await using exchange = await TestExchange.start();
  const wire = await exchange.client.call("getFeeInfo", { pair: "USDTZAR" });
  const fees = await exchange.answer("get_fees", { pair: "usdt/zar" });
  assert.deepEqual([wire.maker_fee_buy, wire.taker_fee_sell], ["-0.0001", "0.002"]);
  assert.deepEqual(fees, {
    pair: "USDTZAR",
    maker_buy_percent: "-0.01",
    maker_sell_percent: "-0.01",
    taker_buy_percent: "0.2",
    taker_sell_percent: "0.2",
    thirty_day_volume: wire.thirty_day_volume,
  });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import Big from "big.js";
import type { ExchangeClient } from "../../../src/exchange/client.ts";
import { ExchangeError, type ExchangeErrorCode } from "../../../src/exchange/errors.ts";
import { startPaper } from "../../../src/simulation/paper/paper.ts";
import { checkBalances, INITIAL_BALANCES } from "../../../src/simulation/paper/openings.ts";
import { PAPER_FILE } from "../../../src/state/record/sqlite/open_paper_ledger.ts";
import { lockDatabase } from "../../state/state_process.ts";
import { START_MS } from "../../support/exchange.ts";
import { balancesOf, completed, openLedger, orderWhen, PaperWorld } from "./paper_world.ts";

const PAIR = "XBTZAR";

function refusedAs(code: ExchangeErrorCode, lunoCode?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ExchangeError, String(error));
    assert.deepEqual([error.code, error.lunoCode], [code, lunoCode], error.message);
    return true;
  };
}

/** The price between best bid and best ask. */
async function middle(client: ExchangeClient): Promise<string> {
  const { bid, ask } = await client.call("getTicker", { pair: PAIR });
  return new Big(bid).plus(ask).div(2).round(0).toFixed();
}

Deno.test("a paper exchange answers what the exchange client checks, on each of its endpoints", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  const { order_id } = await client.call("postMarketOrder", { pair: PAIR, type: "BUY", counter_volume: "5000" });
  const price = await middle(client);
  await client.call("postLimitOrder", { pair: PAIR, type: "BID", volume: "0.001", price, client_order_id: "resting" });
  const { balance } = await client.call("getBalances", {});
  const id = balance.find(({ asset }) => asset === "XBT")?.account_id ?? "";
  const answers = [
    client.call("getTicker", { pair: PAIR }),
    client.call("getTickers", { pair: [PAIR, "ETHZAR"] }),
    client.call("getOrderBook", { pair: PAIR }),
    client.call("getOrderBookFull", { pair: PAIR }),
    client.call("listTrades", { pair: PAIR, since: START_MS - 60_000 }),
    client.call("getCandles", { pair: PAIR, since: START_MS - 3_600_000, duration: 300 }),
    client.call("getMarkets", {}),
    client.call("listPendingTransactions", { id }),
    client.call("listTransactions", { id, min_row: -10, max_row: 0 }),
    client.call("listMoves", {}),
    client.call("listTransfers", { account_id: id }),
    client.call("listWithdrawals", {}),
    client.call("listBeneficiaries", {}),
    client.call("listLinkedUsers", {}),
    client.call("getFeeInfo", { pair: PAIR }),
    client.call("listOrdersV1", { state: "PENDING", pair: PAIR }),
    client.call("getOrderV1", { id: order_id }),
    client.call("listOrders", { closed: true }),
    client.call("getOrderV2", { id: order_id }),
    client.call("getOrder", { client_order_id: "resting" }),
    client.call("listUserTrades", { pair: PAIR }),
  ];
  for (const answer of answers) await answer;
  const [pending] = (await client.call("listOrdersV1", { state: "PENDING" })).orders;
  assert.equal(pending?.limit_price, price);
});

Deno.test("a paper exchange returns the real market's data", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  for (const name of ["getTicker", "getOrderBook", "getOrderBookFull", "listTrades"] as const) {
    assert.deepEqual(
      await client.call(name, { pair: PAIR }),
      await world.market.client.call(name, { pair: PAIR }),
      name,
    );
  }
  assert.deepEqual(await client.call("getMarkets", {}), await world.market.client.call("getMarkets", {}));
});

Deno.test("a paper market order spends its budget on the real asks, exactly, with the fee in base", async () => {
  await using world = await PaperWorld.start({ fees: { maker: "0.004", taker: "0.006" } });
  const client = world.connect();
  const { asks } = await client.call("getOrderBook", { pair: PAIR });
  const { order_id } = await client.call("postMarketOrder", { pair: PAIR, type: "BUY", counter_volume: "60000" });
  assert.match(order_id, /^BXPAPER/);
  let left = new Big(60_000);
  let [base, counter, fee] = [new Big(0), new Big(0), new Big(0)];
  for (const { price, volume } of asks) {
    const affordable = left.div(price).round(6, Big.roundDown);
    const taken = affordable.lt(volume) ? affordable : new Big(volume);
    if (taken.eq(0)) break;
    left = left.minus(taken.times(price));
    base = base.plus(taken);
    counter = counter.plus(taken.times(price));
    fee = fee.plus(taken.times("0.006").round(8, Big.roundHalfUp));
  }
  const order = await client.call("getOrder", { id: order_id });
  assert.deepEqual(
    [order.status, order.base, order.counter, order.fee_base, order.fee_counter],
    ["COMPLETE", base.toFixed(), counter.toFixed(), fee.toFixed(), "0"],
  );
  const balances = await balancesOf(client);
  assert.deepEqual(balances.XBT, [new Big(1).plus(base).minus(fee).toFixed(), "0"]);
  assert.deepEqual(balances.ZAR, [new Big(100_000).minus(counter).toFixed(), "0"]);
});

Deno.test("a paper order does not find again what it took from the real book", async () => {
  await using world = await PaperWorld.start({ initialBalances: { ZAR: "100000000" } });
  const client = world.connect();
  const [best, second] = (await client.call("getOrderBook", { pair: PAIR })).asks;
  assert.ok(best && second);
  const order = { pair: PAIR, type: "BID", volume: best.volume, price: best.price, time_in_force: "IOC" } as const;
  const first = await client.call("postLimitOrder", order);
  assert.equal((await client.call("getOrder", { id: first.order_id })).base, best.volume);
  const again = await client.call("postLimitOrder", order);
  assert.equal((await client.call("getOrder", { id: again.order_id })).base, "0");
  const { order_id } = await client.call("postMarketOrder", { pair: PAIR, type: "BUY", counter_volume: "1000" });
  const { trades } = await client.call("listUserTrades", { pair: PAIR });
  assert.equal(trades.find((trade) => trade.order_id === order_id)?.price, second.price);
  const other = world.connect(world.paper.keyFor("key:other"));
  const theirs = await other.call("postLimitOrder", order);
  assert.equal((await other.call("getOrder", { id: theirs.order_id })).base, best.volume);
});

Deno.test("the book for a paper order lacks what the identity took, and nothing that another one took", async () => {
  await using world = await PaperWorld.start({ initialBalances: { ZAR: "100000000" } });
  const client = world.connect();
  const book = await client.call("getOrderBook", { pair: PAIR });
  const [best, second, ...others] = book.asks;
  assert.ok(best && second);
  const part = new Big(second.volume).minus("0.00001").toFixed();
  const volume = new Big(best.volume).plus(part).toFixed();
  await client.call("postLimitOrder", { pair: PAIR, type: "BID", volume, price: second.price, time_in_force: "IOC" });
  const { asks, bids } = await world.paper.bookLeft("local", PAIR, book);
  assert.deepEqual([asks, bids], [[{ price: second.price, volume: "0.00001" }, ...others], book.bids]);
  assert.deepEqual(await world.paper.bookLeft("key:other", PAIR, book), book);
});

Deno.test("a paper order does not find what was taken, also after a restart and after another order's cancellation", async () => {
  await using world = await PaperWorld.start({ initialBalances: { ZAR: "100000000" } });
  const [best] = (await world.connect().call("getOrderBook", { pair: PAIR })).asks;
  assert.ok(best);
  const order = { pair: PAIR, type: "BID", volume: best.volume, price: best.price } as const;
  const take = async (client = world.connect()) => {
    const { order_id } = await client.call("postLimitOrder", { ...order, time_in_force: "IOC" });
    return (await client.call("getOrder", { id: order_id })).base;
  };
  assert.equal(await take(), best.volume);
  const { order_id } = await world.connect().call("postLimitOrder", { ...order, price: "1000000" });
  await world.connect().call("stopOrder", { order_id });
  assert.equal(await take(), "0");
  await world.restart();
  assert.equal(await take(), "0");
});

Deno.test("a paper order continues beyond the hundred levels of the short book", async () => {
  await using world = await PaperWorld.start({ initialBalances: { ZAR: "1000000000" } });
  const client = world.connect();
  const { asks } = await client.call("getOrderBook", { pair: PAIR });
  assert.equal(asks.length, 100);
  const shown = asks.reduce((sum, { volume }) => sum.plus(volume), new Big(0));
  const order = { pair: PAIR, type: "BID", volume: shown.plus("0.001").toFixed(), price: "90000000" } as const;
  const { order_id } = await client.call("postLimitOrder", { ...order, time_in_force: "FOK" });
  assert.equal((await client.call("getOrder", { id: order_id })).base, order.volume);
});

Deno.test("a resting paper order is filled by a real trade that crosses it, up to that trade's volume", async () => {
  await using world = await PaperWorld.start({ pauseMs: 1, fees: { maker: "0.004", taker: "0.006" } });
  const client = world.connect();
  const price = await middle(client);
  const { order_id } = await client.call("postLimitOrder", { pair: PAIR, type: "BID", volume: "0.003", price });
  assert.equal((await client.call("getOrder", { id: order_id })).status, "PENDING");
  assert.equal((await balancesOf(client)).ZAR?.[1], new Big(price).times("0.003").toFixed());
  await world.market.client.call("postMarketOrder", { pair: PAIR, type: "SELL", base_volume: "0.002" });
  await orderWhen(client, order_id, ({ base }) => {
    assert.ok(new Big(base).lte("0.002"), base);
    return base === "0.002";
  });
  await world.market.client.call("postMarketOrder", { pair: PAIR, type: "SELL", base_volume: "0.002" });
  const order = await completed(client, order_id);
  assert.deepEqual([order.base, order.counter, order.fee_base], [
    "0.003",
    new Big(price).times("0.003").toFixed(),
    "0.000012",
  ]);
  const { trades } = await client.call("listUserTrades", { pair: PAIR });
  assert.ok(trades.every((trade) => trade.price === price && !trade.is_buy && trade.type === "BID"));
});

Deno.test("a resting paper order is filled by a level of the real book that crosses it", async () => {
  await using world = await PaperWorld.start({ pauseMs: 1 });
  const client = world.connect();
  const price = await middle(client);
  const { order_id } = await client.call("postLimitOrder", { pair: PAIR, type: "BID", volume: "0.001", price });
  await world.market.client.call("postLimitOrder", { pair: PAIR, type: "ASK", volume: "0.002", price });
  const order = await completed(client, order_id);
  assert.deepEqual([order.base, order.counter], ["0.001", new Big(price).times("0.001").toFixed()]);
});

Deno.test("paper state outlives the program, and open orders continue", async () => {
  await using world = await PaperWorld.start();
  const before = world.connect();
  const price = await middle(before);
  await before.call("postMarketOrder", { pair: PAIR, type: "BUY", counter_volume: "5000" });
  const limit = { pair: PAIR, type: "BID", volume: "0.001", price, client_order_id: "mine" } as const;
  const { order_id } = await before.call("postLimitOrder", limit);
  const kept = await Promise.all([
    before.call("getBalances", {}),
    before.call("listOrdersV1", {}),
    before.call("listUserTrades", { pair: PAIR }),
  ]);
  await world.restart({ pauseMs: 1 });
  const client = world.connect();
  assert.deepEqual(
    await Promise.all([
      client.call("getBalances", {}),
      client.call("listOrdersV1", {}),
      client.call("listUserTrades", { pair: PAIR }),
    ]),
    kept,
  );
  await assert.rejects(client.call("postLimitOrder", limit), refusedAs("ERR_DUPLICATE", "ErrDuplicateClientOrderID"));
  await world.market.client.call("postMarketOrder", { pair: PAIR, type: "SELL", base_volume: "0.005" });
  assert.equal((await completed(client, order_id)).base, "0.001");
});

Deno.test("RunningPaper.reset() removes the orders of one identity and restores its balances", async () => {
  await using world = await PaperWorld.start();
  const [mine, theirs] = [world.connect(), world.connect(world.paper.keyFor("key:other"))];
  for (const client of [mine, theirs]) {
    await client.call("postMarketOrder", { pair: PAIR, type: "BUY", counter_volume: "5000" });
    await client.call("postLimitOrder", { pair: PAIR, type: "BID", volume: "0.001", price: "1000" });
  }
  const untouched = await balancesOf(theirs);
  await world.paper.reset("local");
  assert.deepEqual((await mine.call("listOrdersV1", {})).orders, []);
  assert.deepEqual((await mine.call("listUserTrades", { pair: PAIR })).trades, []);
  const balances = await balancesOf(mine);
  for (const [currency, amount] of Object.entries(INITIAL_BALANCES)) {
    assert.deepEqual(balances[currency], [amount, "0"], currency);
  }
  assert.deepEqual(balances.SOL, ["0", "0"]);
  assert.deepEqual(await balancesOf(theirs), untouched);
  assert.equal((await theirs.call("listOrdersV1", {})).orders.length, 2);
  await world.paper.reset();
  assert.deepEqual((await theirs.call("listOrdersV1", {})).orders, []);
});

Deno.test("RunningPaper.epochOf() distinguishes accounts from those before a reset, by any process, and from lost ones", async () => {
  await using world = await PaperWorld.start();
  const epochOf = (identity: string) => world.paper.epochOf(identity);
  const [mine, theirs] = [await epochOf("local"), await epochOf("key:other")];
  assert.match(mine, /^paper-[0-9a-f]{16}$/);
  assert.notEqual(mine, theirs);
  await world.restart();
  assert.equal(await epochOf("local"), mine);
  const other = await openLedger(world.folder);
  await other.reset({ identity: "local", nowMs: 0 });
  await other.close();
  assert.notEqual(await epochOf("local"), mine);
  assert.equal(await epochOf("key:other"), theirs);
  await world.paper.reset();
  assert.notEqual(await epochOf("key:other"), theirs);
});

Deno.test("a paper exchange keeps identities separate", async () => {
  await using world = await PaperWorld.start();
  const [mine, theirs] = [world.connect(), world.connect(world.paper.keyFor("key:alice:2"))];
  const { order_id } = await mine.call("postLimitOrder", { pair: PAIR, type: "BID", volume: "0.001", price: "1000" });
  const { balance } = await mine.call("getBalances", {});
  const notFound = refusedAs("ERR_NOT_FOUND", "ErrOrderNotFound");
  await assert.rejects(theirs.call("getOrder", { id: order_id }), notFound);
  await assert.rejects(theirs.call("getOrderV1", { id: order_id }), notFound);
  await assert.rejects(
    theirs.call("stopOrder", { order_id }),
    refusedAs("ERR_ORDER_REFUSED", "ErrCannotStopUnknownOrNonPendingOrder"),
  );
  const [first] = balance;
  await assert.rejects(
    theirs.call("listTransactions", { id: first?.account_id ?? "", min_row: 1, max_row: 10 }),
    refusedAs("ERR_NOT_FOUND", "ErrAccountNotFound"),
  );
  assert.deepEqual((await theirs.call("listOrders", {})).orders, []);
});

Deno.test("a paper exchange accepts no key but its own", async () => {
  await using world = await PaperWorld.start();
  const { id, secret } = world.paper.keyFor("local");
  for (const wrong of [{ id, secret: "0".repeat(64) }, { id: "key:other", secret }, { id, secret: "" }]) {
    await assert.rejects(world.connect(wrong).call("getBalances", {}), refusedAs("ERR_CREDENTIALS_REFUSED"));
  }
  await world.restart();
  await assert.rejects(world.connect({ id, secret }).call("getBalances", {}), refusedAs("ERR_CREDENTIALS_REFUSED"));
  assert.throws(() => world.paper.keyFor(""), RangeError);
});

const LIMIT = { pair: PAIR, type: "BID", volume: "0.001", price: "1000000" } as const;

const REFUSED = [
  ["an unknown pair", { ...LIMIT, pair: "NOPEZAR" }, "ERR_MARKET_CLOSED", "ErrMarketUnavailable"],
  ["more than the balance", { ...LIMIT, volume: "1" }, "ERR_INSUFFICIENT_FUNDS", "ErrInsufficientBalance"],
  ["too small a volume", { ...LIMIT, volume: "0.00001" }, "ERR_ARGUMENT_REFUSED", "ErrVolumeTooLow"],
  ["too fine a volume", { ...LIMIT, volume: "0.0010001" }, "ERR_ARGUMENT_REFUSED", "ErrVolumeDenominationNotAllowed"],
  ["too fine a price", { ...LIMIT, price: "1000000.5" }, "ERR_ARGUMENT_REFUSED", "ErrPriceDenominationNotAllowed"],
  ["too low a price", { ...LIMIT, price: "1" }, "ERR_ARGUMENT_REFUSED", "ErrPriceTooLow"],
  [
    "a post-only order that would trade",
    { ...LIMIT, price: "9000000", post_only: true },
    "ERR_ORDER_REFUSED",
    "ErrOrderCanceled",
  ],
  ["somebody else's account", { ...LIMIT, base_account_id: "12345" }, "ERR_NOT_FOUND", "ErrAccountNotFound"],
] as const;

for (const [what, params, code, lunoCode] of REFUSED) {
  Deno.test(`a paper exchange refuses ${what} as ${lunoCode} and changes nothing`, async () => {
    await using world = await PaperWorld.start();
    const client = world.connect();
    const before = await balancesOf(client);
    await assert.rejects(client.call("postLimitOrder", params), refusedAs(code, lunoCode));
    assert.deepEqual(await balancesOf(client), before);
    assert.deepEqual((await client.call("listOrdersV1", {})).orders, []);
  });
}

Deno.test("a paper exchange refuses an order that arrives later than its ttl, and accepts one in time", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  const late = { ...LIMIT, price: "1000", timestamp: START_MS - 5_001, ttl: 5_000 };
  await assert.rejects(client.call("postLimitOrder", late), refusedAs("ERR_UNAVAILABLE", "ErrDeadlineExceeded"));
  assert.deepEqual((await client.call("listOrdersV1", {})).orders, []);
  // Not on the last millisecond: between asking and the transaction, time is the system's.
  await client.call("postLimitOrder", { ...late, timestamp: START_MS, ttl: 10_000 });
  assert.equal((await client.call("listOrders", {})).orders.length, 1);
});

Deno.test("a paper exchange shows its clock, so that skew is seen, and uses it after it was set back", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  world.market.clock.now = START_MS + 3_600_000;
  await client.call("getBalances", {});
  world.market.clock.now = START_MS;
  await client.call("getBalances", {});
  assert.equal(client.status().clock?.skewMs, 0);
  await client.call("postLimitOrder", { ...LIMIT, price: "1000", timestamp: START_MS, ttl: 10_000 });
});

Deno.test("a paper exchange refuses an order whose ttl expired while the real market was read", async () => {
  await using world = await PaperWorld.start();
  const { market } = world;
  const upstream = world.market.client;
  await world.restart({
    upstream: {
      call: (name, params, options) => {
        if (name === "getOrderBook") market.clock.now += 5_001;
        return upstream.call(name, params, options);
      },
    },
  });
  const client = world.connect();
  await assert.rejects(
    client.call("postLimitOrder", {
      ...LIMIT,
      price: "1000",
      timestamp: START_MS,
      ttl: 5_000,
      client_order_id: "late",
    }),
    refusedAs("ERR_UNAVAILABLE", "ErrDeadlineExceeded"),
  );
  await assert.rejects(
    client.call("getOrder", { client_order_id: "late" }),
    refusedAs("ERR_NOT_FOUND", "ErrOrderNotFound"),
  );
});

Deno.test("a paper exchange accepts one of many concurrent orders with one client order id", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  const order = { ...LIMIT, price: "1000", client_order_id: "once" };
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => client.call("postLimitOrder", order)));
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  assert.equal((await client.call("listOrders", {})).orders.length, 1);
});

Deno.test("a paper order is reported as not placed when the real market cannot be read", async () => {
  await using world = await PaperWorld.start();
  await world.connect().call("getBalances", {});
  world.market.simulation.faults.set([{ path: "/api/1/orderbook_top", kind: "server_error", status: 503 }]);
  await assert.rejects(world.connect().call("postLimitOrder", { ...LIMIT, client_order_id: "lost" }), (error) => {
    refusedAs("ERR_MARKET_CLOSED", "ErrUnderMaintenance")(error);
    assert.ok(error instanceof ExchangeError);
    assert.equal(error.outcome, "none");
    return true;
  });
  assert.deepEqual((await world.connect().call("listOrdersV1", {})).orders, []);
});

Deno.test("a paper order is reported as not placed while another process locks the ledger, and reading continues", async () => {
  await using world = await PaperWorld.start();
  const client = world.connect();
  const before = await balancesOf(client);
  {
    await using _lock = await lockDatabase(join(world.folder, PAPER_FILE));
    await assert.rejects(client.call("postLimitOrder", { ...LIMIT, client_order_id: "locked" }), (error) => {
      refusedAs("ERR_MARKET_CLOSED", "ErrUnderMaintenance")(error);
      assert.ok(error instanceof ExchangeError);
      assert.equal(error.outcome, "none");
      return true;
    });
    assert.deepEqual(await balancesOf(client), before);
    assert.deepEqual((await client.call("listOrdersV1", {})).orders, []);
  }
  await client.call("postLimitOrder", { ...LIMIT, price: "1000", client_order_id: "locked" });
});

Deno.test("a paper stop order waits until a real trade reaches its stop price", async () => {
  await using world = await PaperWorld.start({ pauseMs: 1 });
  const client = world.connect();
  const { bid } = await client.call("getTicker", { pair: PAIR });
  const { order_id } = await client.call("postLimitOrder", {
    pair: PAIR,
    type: "ASK",
    volume: "0.001",
    price: new Big(bid).times("0.98").round(0).toFixed(),
    stop_price: bid,
    stop_direction: "BELOW",
  });
  const waiting = await client.call("getOrder", { id: order_id });
  assert.deepEqual([waiting.status, waiting.type, waiting.base], ["AWAITING", "STOP_LIMIT", "0"]);
  assert.equal((await balancesOf(client)).XBT?.[1], "0.001");
  await world.market.client.call("postMarketOrder", { pair: PAIR, type: "SELL", base_volume: "0.002" });
  const order = await completed(client, order_id);
  assert.deepEqual([order.base, order.stop_direction], ["0.001", "BELOW"]);
  assert.ok(new Big(order.counter).lte(new Big(bid).times("0.001")));
});

Deno.test("a paper exchange charges what the real account pays, otherwise the published fees", async () => {
  await using world = await PaperWorld.start();
  const { thirty_day_volume: _, ...rates } = await world.connect().call("getFeeInfo", { pair: "USDTZAR" });
  const { thirty_day_volume: __, ...real } = await world.market.client.call("getFeeInfo", { pair: "USDTZAR" });
  assert.deepEqual(rates, real);
  await world.restart({ upstream: world.market.connect({ key: null }).exchange });
  const client = world.connect();
  assert.equal((await client.call("getFeeInfo", { pair: PAIR })).taker_fee_buy, "0.006");
  assert.equal((await client.call("getFeeInfo", { pair: "USDTZAR" })).maker_fee_sell, "-0.0001");
  await assert.rejects(
    client.call("getCandles", { pair: PAIR, since: START_MS, duration: 300 }),
    refusedAs("ERR_PERMISSION_MISSING", "ErrInsufficientPerms"),
  );
});

Deno.test("checkBalances() refuses initial balances that are not decimals of at least 0", () => {
  assert.deepEqual(checkBalances({ ZAR: "010.50" }), { ZAR: "10.5" });
  for (const [currency, amount] of [["ZAR", "-1"], ["ZAR", "1e3"], ["ZAR", "many"], ["rand", "1"]] as const) {
    assert.throws(() => checkBalances({ [currency]: amount }), RangeError);
  }
});

Deno.test("startPaper() refuses fees that are not decimals, and leaves no ledger open", async () => {
  await using world = await PaperWorld.start();
  const ledger = await openLedger(world.folder);
  const options = { upstream: world.market.client, ledger, now: Date.now, monotonic: () => 0 };
  await assert.rejects(startPaper({ ...options, fees: { maker: "0.1 %", taker: "0" } }), RangeError);
  await assert.rejects(ledger.livePairs(), { code: "ERR_STATE_CLOSED" });
});

Deno.test("RunningPaper.stop() ends orders in progress without placing them", async () => {
  await using world = await PaperWorld.start();
  const upstream = world.market.client;
  const asked = Promise.withResolvers<void>();
  await world.restart({
    upstream: {
      call: (name, params, options) => {
        if (name !== "getOrderBook") return upstream.call(name, params, options);
        asked.resolve();
        return new Promise((_, reject) => {
          options?.signal?.addEventListener("abort", () => {
            reject(new ExchangeError("Cannot read", { code: "ERR_CANCELLED" }));
          });
        });
      },
    },
  });
  const placing = assert.rejects(world.connect().call("postLimitOrder", { ...LIMIT, client_order_id: "x" }));
  await asked.promise;
  await world.restart();
  await placing;
  assert.deepEqual((await world.connect().call("listOrdersV1", {})).orders, []);
});

Deno.test("a paper exchange refuses a body beyond 64 KiB and unknown paths", async () => {
  await using world = await PaperWorld.start();
  const { id, secret } = world.paper.keyFor("local");
  const headers = {
    "authorization": `Basic ${btoa(`${id}:${secret}`)}`,
    "content-type": "application/x-www-form-urlencoded",
  };
  const body = `pair=${"X".repeat(70_000)}`;
  const large = await fetch(`${world.paper.url}/api/1/postorder`, { method: "POST", headers, body });
  assert.equal(large.status, 413);
  await large.body?.cancel();
  const send = await fetch(`${world.paper.url}/api/1/send`, { method: "POST", headers });
  assert.equal(send.status, 404);
});

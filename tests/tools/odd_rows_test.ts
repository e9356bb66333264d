/** One odd row of the exchange spoils no answer; answers for something else are none. */

import assert from "node:assert/strict";
import { type Json, TestExchange } from "../support/exchange.ts";
import { answering, listedMarket, type ScriptedAnswer } from "../support/scripted.ts";

const pair = "XBTZAR";
const AT = 1_790_000_000_000;
const MARKETS = { markets: [listedMarket("XBT", "ZAR"), listedMarket("ETH", "ZAR")] };

const TICKER = {
  pair,
  timestamp: AT,
  bid: "10",
  ask: "12",
  last_trade: "11",
  rolling_24_hour_volume: "3",
  status: "ACTIVE",
};
const BALANCE = { account_id: "1", asset: "XBT", balance: "2", reserved: "0.5" };
const ORDER = {
  order_id: "BX1",
  client_order_id: "",
  pair,
  side: "BUY",
  type: "LIMIT",
  status: "PENDING",
  limit_price: "900000",
  limit_volume: "0.5",
  base: "0",
  counter: "0",
  creation_timestamp: AT,
};
const LEDGER_ROW = {
  row_index: 1,
  timestamp: AT,
  account_id: "1",
  currency: "XBT",
  balance: "2",
  available: "1.5",
  balance_delta: "1",
  available_delta: "1",
  description: "Received",
  kind: "TRANSFER",
  reference: "r",
};
const FILL = {
  pair,
  sequence: 7,
  order_id: "BX1",
  client_order_id: "",
  type: "BID",
  is_buy: true,
  timestamp: AT,
  price: "10",
  volume: "1",
  base: "1",
  counter: "10",
};
const TRANSFER = { id: "5", amount: "1", fee: "0", inbound: true, created_at: AT };
const TRADE = { sequence: 3, timestamp: AT, price: "10", volume: "1", is_buy: true };
const CANDLE = { timestamp: Date.UTC(2026, 10, 22, 10), open: "10", high: "12", low: "9", close: "11", volume: "1" };

/** What one tool answers, from an exchange that says what is written here beside markets and balances. */
async function ask(
  answers: Readonly<Record<string, ScriptedAnswer>>,
  tool: string,
  args: Record<string, unknown> = {},
): Promise<Json> {
  await using server = answering({
    markets: MARKETS,
    balance: { balance: [BALANCE] },
    tickers: { tickers: [] },
    ...answers,
  });
  await using exchange = await TestExchange.start();
  return await exchange.answer(tool, args, exchange.connect({ url: server.url }));
}

async function refusal(
  answers: Readonly<Record<string, ScriptedAnswer>>,
  tool: string,
  args: Record<string, unknown> = {},
): Promise<Json> {
  await using server = answering({ markets: MARKETS, balance: { balance: [BALANCE] }, ...answers });
  await using exchange = await TestExchange.start();
  return await exchange.refusal(tool, args, exchange.connect({ url: server.url }));
}

/** The first row whole, the second spoilt, and something that is no row at all. */
function rows(good: object, spoilt: object): unknown[] {
  return [good, { ...good, ...spoilt }, null];
}

const FEES = { maker_fee_buy: "0.001", maker_fee_sell: "0.001", taker_fee_buy: "0.002", taker_fee_sell: "0.002" };

const LISTS: readonly [
  tool: string,
  args: object,
  answers: Readonly<Record<string, ScriptedAnswer>>,
  member: string,
][] = [
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { min_volume: "" }) } },
    "markets",
  ],
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { volume_scale: null }) } },
    "markets",
  ],
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { market_id: "XBT ZAR" }) } },
    "markets",
  ],
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { base_currency: "\0" }) } },
    "markets",
  ],
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { price_scale: 2 ** 40 }) } },
    "markets",
  ],
  [
    "get_market_overview",
    {},
    { markets: { markets: rows(listedMarket("XBT", "ZAR"), { max_price: "-1" }) } },
    "markets",
  ],
  ["get_all_tickers", {}, { tickers: { tickers: rows(TICKER, { bid: "much" }) } }, "tickers"],
  ["get_all_tickers", {}, { tickers: { tickers: rows(TICKER, { ask: "-1" }) } }, "tickers"],
  ["get_accounts", {}, { balance: { balance: rows(BALANCE, { asset: "" }) } }, "accounts"],
  ["get_recent_trades", { pair }, { trades: { trades: rows(TRADE, { volume: "-1" }) } }, "trades"],
  ["get_accounts", {}, { balance: { balance: rows(BALANCE, { balance: null }) } }, "accounts"],
  ["get_account_balance", {}, { balance: { balance: rows(BALANCE, { reserved: "" }) } }, "balances"],
  ["get_open_orders", {}, { listorders: { orders: rows(ORDER, { side: null }) } }, "orders"],
  ["list_orders", { state: "open" }, { listorders: { orders: rows(ORDER, { base: {} }) } }, "orders"],
  [
    "get_transaction_history",
    { account_id: "1" },
    { transactions: { id: "1", transactions: rows(LEDGER_ROW, { details: { Fee: 5 } }) } },
    "transactions",
  ],
  [
    "get_pending_transactions",
    { account_id: "1" },
    { pending: { id: "1", pending: rows(LEDGER_ROW, { balance: "?" }) } },
    "pending",
  ],
  [
    "list_transfers",
    { account_id: "1" },
    { transfers: { transfers: rows(TRANSFER, { inbound: "yes" }) } },
    "transfers",
  ],
  ["get_trade_history", { pair }, { listtrades: { trades: rows(FILL, { type: "LONG" }) } }, "trades"],
  ["get_recent_trades", { pair }, { trades: { trades: rows(TRADE, { price: "" }) } }, "trades"],
  [
    "get_historical_prices",
    { pair, count: 5 },
    { candles: { pair, duration: 3_600, candles: rows(CANDLE, { open: null }) } },
    "candles",
  ],
  ["get_orderbook", { pair }, {
    orderbook_top: { timestamp: AT, asks: [], bids: rows({ price: "9", volume: "1" }, { price: "" }) },
  }, "bids"],
];

for (const [tool, args, answers, member] of LISTS) {
  Deno.test(`${tool} drops invalid rows of ${Object.keys(answers)}, counts them and returns the rest`, async () => {
    const answer = await ask(answers, tool, { ...args });
    assert.deepEqual([answer[member].length, answer.left_out], [1, 2]);
  });
}

Deno.test("no tool mentions dropped rows when there are none", async () => {
  assert.ok(!("left_out" in await ask({ listorders: { orders: [ORDER] } }, "get_open_orders")));
});

Deno.test("a pair whose market cannot be read is not reported as unknown without saying that", async () => {
  const markets = {
    markets: { markets: [listedMarket("ETH", "ZAR"), { ...listedMarket("XBT", "ZAR"), min_volume: "" }] },
  };
  const { code, message } = await refusal(markets, "get_crypto_price", { pair });
  assert.equal(code, "ERR_PAIR_UNKNOWN");
  assert.match(message, /\(1 of the exchange's markets cannot be read\)$/);
});

Deno.test("tools refuse answers for another pair, order or duration as ERR_ANSWER_INVALID", async () => {
  const cases = [
    [{ ticker: { ...TICKER, pair: "ETHZAR" } }, "get_crypto_price", { pair }],
    [{ tickers: { tickers: [{ ...TICKER, pair: "ETHZAR" }] } }, "get_all_tickers", { pairs: [pair] }],
    [{ order: { ...ORDER, order_id: "BX2" } }, "get_order_status", { order_id: "BX1" }],
    [{ listorders: { orders: [{ ...ORDER, pair: "ETHZAR" }] } }, "get_open_orders", { pair }],
    [{ listtrades: { trades: [{ ...FILL, pair: "ETHZAR" }] } }, "get_trade_history", { pair }],
    [{ candles: { pair: "ETHZAR", duration: 3_600, candles: [CANDLE] } }, "get_historical_prices", { pair }],
    [{ candles: { pair, duration: 60, candles: [CANDLE] } }, "get_historical_prices", { pair }],
    [{ transactions: { id: "2", transactions: [LEDGER_ROW] } }, "get_transaction_history", { account_id: "1" }],
  ] as const;
  for (const [answers, tool, args] of cases) {
    const { code, message } = await refusal(answers, tool, { ...args });
    assert.equal(code, "ERR_ANSWER_INVALID", tool);
    assert.match(message, /the exchange answered for something else: /, tool);
  }
});

Deno.test("get_all_tickers counts the tickers, and says how many markets have none", async () => {
  const none = await ask({ tickers: { tickers: [] } }, "get_all_tickers");
  assert.deepEqual([none.tickers, none.total], [[], 0]);
  assert.deepEqual(none.warnings, ["the exchange sent no ticker of 2 markets"]);
  const one = await ask({ tickers: { tickers: [TICKER] } }, "get_all_tickers");
  assert.deepEqual([one.tickers.length, one.total, one.left_out], [1, 1, undefined]);
});

Deno.test("get_crypto_price and get_all_tickers report a crossed book, and its pair", async () => {
  const crossed = { ...TICKER, bid: "12", ask: "11" };
  const price = await ask({ ticker: crossed }, "get_crypto_price", { pair });
  assert.match(price.warnings[0], /^the book is crossed/);
  const prices = await ask({ tickers: { tickers: [{ ...TICKER, pair: "ETHZAR" }, crossed] } }, "get_all_tickers");
  assert.equal(prices.warnings.length, 1);
  assert.match(prices.warnings[0], /^the book is crossed.*: XBTZAR$/);
  const plain = await ask({ ticker: TICKER }, "get_crypto_price", { pair });
  assert.equal(plain.warnings, undefined);
});

Deno.test("get_orderbook sorts an unsorted book and reports a crossed one", async () => {
  const level = (price: string) => ({ price, volume: "1" });
  const unsorted = { timestamp: AT, bids: [level("9"), level("10")], asks: [level("12"), level("11")] };
  const sorted = await ask({ orderbook_top: unsorted }, "get_orderbook", { pair, depth: 1 });
  assert.deepEqual([sorted.bids, sorted.asks, sorted.mid], [[["10", "1"]], [["11", "1"]], "10.5"]);
  assert.deepEqual(sorted.warnings, ["the exchange sent the levels in another order: they are sorted here"]);
  const crossed = await ask(
    { orderbook_top: { timestamp: AT, bids: [level("12")], asks: [level("11")] } },
    "get_orderbook",
    {
      pair,
    },
  );
  assert.match(crossed.warnings[0], /^the book is crossed/);
});

Deno.test("get_historical_prices and get_price_range sort candles and report contradictory ones", async () => {
  const earlier = { ...CANDLE, timestamp: CANDLE.timestamp - 3_600_000 };
  const candles = { pair, duration: 3_600, candles: [CANDLE, { ...earlier, high: "8", low: "9" }] };
  for (const [tool, args] of [["get_historical_prices", { count: 5 }], ["get_price_range", { days: 1 }]] as const) {
    const answer = await ask({ candles }, tool, { pair, ...args });
    assert.deepEqual(answer.warnings.map((sentence: string) => sentence.slice(0, 31)), [
      "the exchange sent the candles i",
      "1 candles open or close outside",
    ]);
  }
  const { candles: [first] } = await ask({ candles }, "get_historical_prices", { pair, count: 5 });
  assert.equal(Date.parse(first.time), earlier.timestamp);
});

Deno.test("orders in an undocumented status are unknown, and final if they have a completion time", async () => {
  const done = { completed_timestamp: AT + 1_000 };
  const orders = [
    { ...ORDER, order_id: "BX1", status: "FROZEN" },
    { ...ORDER, order_id: "BX2", status: "CANCELLED", ...done },
    { ...ORDER, order_id: "BX3", status: "COMPLETE", ...done, expiration_timestamp: AT + 1_000, base: "0.5" },
  ];
  const listorders = { orders };
  const standings = async (tool: string, args: object) =>
    (await ask({ listorders }, tool, { ...args })).orders.map((row: Json) => `${row.order_id} ${row.status}`);
  assert.deepEqual(await standings("list_orders", { state: "closed" }), ["BX1 unknown", "BX2 expired", "BX3 filled"]);
  assert.deepEqual(await standings("get_open_orders", {}), ["BX1 unknown"]);
  assert.deepEqual(await standings("list_orders", { state: "filled" }), ["BX3 filled"]);
});

Deno.test("check_api_health reports a refused key that the exchange does not know, whatever the status", async () => {
  const codes = { error: "API key not found", error_code: "ErrAPIKeyNotFound" };
  const answers = ["balance", "listorders", "withdrawals", "beneficiaries"].map((path) => [path, codes]);
  const health = await ask({ ticker: TICKER, ...Object.fromEntries(answers) }, "check_api_health");
  assert.deepEqual([health.reachable, health.credentials], [true, "refused"]);
});

Deno.test("cursors are refused by other queries with a sentence, and accepted by their own in any spelling of the pair", async () => {
  const transactions = {
    id: "1",
    transactions: Array.from({ length: 50 }, (_, index) => ({ ...LEDGER_ROW, row_index: index + 1 })),
  };
  await using server = answering({ markets: MARKETS, balance: { balance: [BALANCE] }, transactions });
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ url: server.url });
  const query = { account_id: "1", limit: 5 };
  const { next_cursor: cursor } = await exchange.answer("get_transaction_history", query, context);
  assert.equal(typeof cursor, "string");
  for (const other of [{ ...query, kind: "FEE" }, { ...query, from: AT }]) {
    const { code, message } = await exchange.refusal("get_transaction_history", { ...other, cursor }, context);
    assert.equal(code, "ERR_INVALID_ARGUMENT");
    assert.match(message, /cursor: expected the next_cursor of an answer to this same query/);
  }
  assert.equal(
    (await exchange.answer("get_transaction_history", { ...query, limit: 7, cursor }, context)).transactions.length,
    7,
  );
});

for (const huge of ["1e99", 1e99, "1e-60"]) {
  Deno.test(`a row with ${JSON.stringify(huge)} for a number does not spoil a whole answer`, async () => {
    const tickers = [TICKER, { ...TICKER, pair: "ETHZAR", ask: huge }];
    assert.equal((await ask({ tickers: { tickers } }, "get_all_tickers")).tickers.length, 1);
    const orders = [ORDER, { ...ORDER, order_id: "BX2", base: huge }];
    assert.equal((await ask({ listorders: { orders } }, "get_open_orders")).orders.length, 1);
  });
}

Deno.test("get_account_balance and get_price_range count duplicate rows once", async () => {
  const { balances: [held], left_out } = await ask({ balance: { balance: [BALANCE, BALANCE] } }, "get_account_balance");
  assert.deepEqual([held.balance, held.accounts, left_out], ["2", 1, 1]);
  const candles = { pair, duration: 3_600, candles: [CANDLE, CANDLE] };
  const range = await ask({ candles }, "get_price_range", { pair, days: 1 });
  assert.deepEqual([range.volume, range.candles, range.left_out], ["1", 1, 1]);
});

Deno.test("get_account_balance reports prices that are crossed or cannot be read", async () => {
  const crossed = await ask({ tickers: { tickers: [{ ...TICKER, bid: "12", ask: "11" }] } }, "get_account_balance");
  assert.match(crossed.warnings[0], /^the book is crossed.*: XBTZAR$/);
  const unread = await ask({ tickers: { tickers: [{ ...TICKER, bid: "much" }] } }, "get_account_balance");
  assert.deepEqual(unread.unpriced, ["XBT"]);
  assert.match(unread.warnings[0], /^1 of the exchange's tickers cannot be read/);
  // An empty side crosses nothing.
  const empty = await ask({ tickers: { tickers: [{ ...TICKER, ask: "0" }] } }, "get_account_balance");
  assert.equal(empty.warnings, undefined);
});

Deno.test("get_orderbook drops levels that nobody can trade with, and takes its spread from the others", async () => {
  const level = (price: string, volume: string) => ({ price, volume });
  const bids = [level("10", "0"), level("9", "1")];
  const asks = [level("0", "1"), level("11", "1")];
  const book = await ask({ orderbook_top: { timestamp: AT, bids, asks } }, "get_orderbook", { pair });
  assert.deepEqual([book.bids, book.asks, book.mid, book.left_out], [[["9", "1"]], [["11", "1"]], "10", 2]);
});

Deno.test("a tool with an account argument says that the account may be among rows that cannot be read", async () => {
  const balance = { balance: [{ ...BALANCE, balance: null }] };
  const { message } = await refusal({ balance }, "get_transaction_history", { account_id: "1" });
  assert.match(message, /none is 1 \(1 of the exchange's rows of accounts cannot be read\)$/);
});

Deno.test("get_fees reports implausible fees", async () => {
  const odd = await ask({ fee_info: { ...FEES, taker_fee_buy: "10", taker_fee_sell: "10" } }, "get_fees", { pair });
  assert.deepEqual(odd.warnings, ["The exchange says that the taker fee is 1000 %, which cannot be right"]);
  assert.equal((await ask({ fee_info: FEES }, "get_fees", { pair })).warnings, undefined);
});

Deno.test("a statement shows no price of 0 and no empty address when the exchange omits them", async () => {
  const detail_fields = { trade_details: { pair }, crypto_details: { txid: "t" } };
  const transactions = { id: "1", transactions: [{ ...LEDGER_ROW, detail_fields }] };
  const { transactions: [row] } = await ask({ transactions }, "get_transaction_history", { account_id: "1" });
  assert.deepEqual([row.pair, row.price, row.volume, row.address, row.txid], [
    pair,
    undefined,
    undefined,
    undefined,
    "t",
  ]);
});

Deno.test("an unrelated answer is not an empty list", async () => {
  const notice = { message: "back in an hour" };
  const cases = [
    [{ listorders: notice }, "get_open_orders", {}],
    [{ balance: notice }, "get_account_balance", {}],
    [{ transfers: notice }, "list_transfers", { account_id: "1" }],
  ] as const;
  for (const [answers, tool, args] of cases) {
    assert.equal((await refusal(answers, tool, { ...args })).code, "ERR_ANSWER_INVALID", tool);
  }
});

Deno.test("tools refuse a time in the future, and a period that ends before it begins, instead of finding nothing", async () => {
  const ahead = Date.UTC(2036, 0, 1);
  const cases = [
    ["get_trade_history", { pair, since: ahead }, /^Invalid.* since: expected a time in the past/],
    ["get_recent_trades", { pair, since: "2036-01-01" }, /^Invalid.* since: expected a time in the past/],
    ["get_transaction_history", { account_id: "1", from: ahead }, /^Invalid.* from: expected a time in the past/],
    [
      "get_transaction_history",
      { account_id: "1", from: AT, to: AT - 1 },
      /^Invalid.* from: expected a time before `to`: current value is \d+$/,
    ],
  ] as const;
  for (const [tool, args, expected] of cases) {
    assert.match((await refusal({}, tool, { ...args })).message, expected);
  }
});

Deno.test("get_transaction_history counts rows of an unknown kind when one kind is requested", async () => {
  const rows = ["FEE", "STAKING", "EXCHANGE"].map((kind, index) => ({ ...LEDGER_ROW, row_index: index + 1, kind }));
  const transactions = { id: "1", transactions: rows };
  const fees = await ask({ transactions }, "get_transaction_history", { account_id: "1", kind: "FEE" });
  assert.deepEqual([fees.transactions.length, fees.left_out], [1, 1]);
  const all = await ask({ transactions }, "get_transaction_history", { account_id: "1" });
  assert.deepEqual([all.transactions.length, all.left_out], [3, undefined]);
});

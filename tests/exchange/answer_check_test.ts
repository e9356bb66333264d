import assert from "node:assert/strict";
import { AnswerMismatch, checkAnswer } from "../../src/exchange/answer_check.ts";
import { type AnswerOf, answerSchema, type EndpointName, type ParamsOf } from "../../src/exchange/endpoints.ts";

/** What the client reads out of an answer of the right shape. */
function read<Name extends EndpointName>(name: Name, params: ParamsOf<Name>, wire: unknown): AnswerOf<Name> {
  return checkAnswer(name, params, answerSchema(name).parse(wire));
}

function refuses<Name extends EndpointName>(name: Name, params: ParamsOf<Name>, wire: unknown): void {
  assert.throws(() => read(name, params, wire), AnswerMismatch, `${name} ${JSON.stringify(wire)}`);
}

const ORDER = {
  order_id: "BX1",
  client_order_id: "mine",
  pair: "XBTZAR",
  side: "BUY",
  type: "LIMIT",
  status: "PENDING",
  limit_price: "900000",
  limit_volume: "0.5",
  base: "0",
  counter: "0",
  creation_timestamp: 5,
};
const TICKER = { pair: "XBTZAR", timestamp: 1, bid: "1", ask: "2", last_trade: "1", rolling_24_hour_volume: "3" };
const CANDLE = { timestamp: 60_000, open: "1", high: "2", low: "1", close: "2", volume: "3" };
const LEDGER = {
  timestamp: 1,
  currency: "ZAR",
  balance: "1",
  available: "1",
  balance_delta: "1",
  available_delta: "1",
};
const BALANCE = { account_id: "1", asset: "XBT", balance: "1", reserved: "0" };

Deno.test("checkAnswer() refuses an answer about another pair, order, account, currency or duration", () => {
  refuses("getTicker", { pair: "XBTZAR" }, { ...TICKER, pair: "ETHZAR" });
  refuses("getOrder", { id: "BX1" }, { ...ORDER, order_id: "BX2" });
  refuses("getOrder", { client_order_id: "mine" }, { ...ORDER, client_order_id: "" });
  refuses("getOrderV2", { id: "BX1" }, { ...ORDER, order_id: "BX2" });
  const candles = { pair: "XBTZAR", since: 0, duration: 60 } as const;
  refuses("getCandles", candles, { candles: [CANDLE], pair: "ETHZAR", duration: 60 });
  refuses("getCandles", candles, { candles: [CANDLE], pair: "XBTZAR", duration: 300 });
  refuses("listTransactions", { id: "7", min_row: -5, max_row: 0 }, { id: "8", transactions: [] });
  refuses("listPendingTransactions", { id: "7" }, { id: "8" });
  refuses("getFundingAddress", { asset: "XBT" }, { asset: "ETH", address: "0x" });
  refuses("getSendFee", { amount: "1", currency: "XBT", address: "a" }, { currency: "ETH", fee: "1" });
  refuses("getWithdrawal", { id: "7" }, { id: "8", currency: "ZAR", amount: "1", created_at: 1 });
  const move = {
    id: "8",
    client_move_id: "m",
    amount: "1",
    debit_account_id: "1",
    credit_account_id: "2",
    created_at: 1,
  };
  refuses("getMove", { id: "7" }, move);
  refuses("getMove", { client_move_id: "n" }, move);
});

Deno.test("checkAnswer() refuses a list of only unrelated rows, and drops single ones", () => {
  const other = { ...ORDER, order_id: "BX2", pair: "ETHZAR" };
  refuses("listOrders", { pair: "XBTZAR" }, { orders: [other] });
  const orders = read("listOrders", { pair: "XBTZAR" }, { orders: [ORDER, other] });
  assert.deepEqual([orders.orders.map(({ pair }) => pair), orders.left_out], [["XBTZAR"], 1]);
  assert.equal(read("listOrders", {}, { orders: [ORDER, other] }).left_out, 0);
  refuses("getTickers", { pair: ["XBTZAR"] }, { tickers: [{ ...TICKER, pair: "ETHZAR" }] });
  refuses("getBalances", { assets: ["ETH"] }, { balance: [BALANCE] });
  const rows = [{ ...LEDGER, row_index: 2, account_id: "7" }, { ...LEDGER, row_index: 1, account_id: "8" }];
  const ledger = read("listTransactions", { id: "7", min_row: 1, max_row: 3 }, { id: 7, transactions: rows });
  assert.deepEqual([ledger.transactions.map(({ row_index }) => row_index), ledger.left_out], [[2], 1]);
});

Deno.test("checkAnswer() accepts an empty list, except for markets", () => {
  assert.deepEqual(read("getTickers", { pair: ["XBTZAR"] }, { tickers: [] }).tickers, []);
  assert.deepEqual(read("getMarkets", {}, { markets: [] }).markets, []);
  refuses("getMarkets", {}, { markets: [{ market_id: "XBTZAR" }, null] });
});

Deno.test("checkAnswer() sorts rows as documented and reports when that was needed", () => {
  const book = { timestamp: 1, bids: [["9", "1"], ["10", "1"]], asks: [["12", "1"], ["11", "2"]] };
  const levels = (side: string[][]) => side.map(([price, volume]) => ({ price, volume }));
  const wire = { timestamp: 1, bids: levels(book.bids), asks: levels(book.asks) };
  const sorted = read("getOrderBook", { pair: "XBTZAR" }, wire);
  assert.deepEqual(sorted.bids.map(({ price }) => price), ["10", "9"]);
  assert.deepEqual(sorted.asks.map(({ price }) => price), ["11", "12"]);
  assert.equal(sorted.was_unsorted, true);
  assert.equal(read("getOrderBookFull", { pair: "XBTZAR" }, sorted).was_unsorted, false);

  const candles = [CANDLE, { ...CANDLE, timestamp: 0 }];
  const read60 = read("getCandles", { pair: "XBTZAR", since: 0, duration: 60 }, { candles, pair: "XBTZAR" });
  assert.deepEqual([read60.candles.map(({ timestamp }) => timestamp), read60.was_unsorted], [[0, 60_000], true]);

  const trade = { timestamp: 1, price: "1", volume: "1", is_buy: true };
  const trades = [1, 3, 2].map((sequence) => ({ ...trade, sequence }));
  const publicTrades = read("listTrades", { pair: "XBTZAR" }, { trades });
  assert.deepEqual([publicTrades.trades.map(({ sequence }) => sequence), publicTrades.was_unsorted], [[3, 2, 1], true]);
  const newest = read("listOrders", {}, { orders: [ORDER, { ...ORDER, order_id: "BX2", creation_timestamp: 6 }] });
  assert.deepEqual(newest.orders.map(({ order_id }) => order_id), ["BX2", "BX1"]);
});

Deno.test("checkAnswer() drops duplicate rows, whatever the second one says, and counts them", () => {
  const tickers = read("getTickers", {}, { tickers: [TICKER, { ...TICKER, bid: "9" }] });
  assert.deepEqual([tickers.tickers.map(({ bid }) => bid), tickers.left_out], [["1"], 1]);
  const balances = read("getBalances", {}, { balance: [BALANCE, { ...BALANCE, account_id: "2" }, BALANCE] });
  assert.deepEqual([balances.balance.map(({ account_id }) => account_id), balances.left_out], [["1", "2"], 1]);
  const candles = read("getCandles", { pair: "XBTZAR", since: 0, duration: 60 }, { candles: [CANDLE, CANDLE] });
  assert.deepEqual([candles.candles.length, candles.left_out], [1, 1]);
  const row = { ...LEDGER, row_index: 1 };
  const ledger = read("listTransactions", { id: "7", min_row: 1, max_row: 3 }, { id: "7", transactions: [row, row] });
  assert.deepEqual([ledger.transactions.length, ledger.left_out], [1, 1]);
  const trade = { sequence: 3, timestamp: 5, price: "1", volume: "1", is_buy: true };
  const trades = read("listTrades", { pair: "XBTZAR" }, { trades: [trade, trade] });
  assert.deepEqual([trades.trades.length, trades.left_out], [1, 1]);
  const fill = { ...trade, pair: "XBTZAR", order_id: "BX1", type: "BID", base: "1", counter: "1" };
  const fills = read("listUserTrades", { pair: "XBTZAR" }, { trades: [fill, { ...fill, order_id: "BX2" }, fill] });
  assert.deepEqual([fills.trades.map(({ order_id }) => order_id), fills.left_out], [["BX1", "BX2"], 1]);
});

Deno.test("checkAnswer() sorts transfers newest first, and drops duplicates", () => {
  const transfer = { id: "1", amount: "1", inbound: true, created_at: 5 };
  const wire = { transfers: [transfer, { ...transfer, id: "2", created_at: 6 }, transfer] };
  const read2 = read("listTransfers", { account_id: "7" }, wire);
  assert.deepEqual(read2.transfers.map(({ id }) => id), ["2", "1"]);
  assert.deepEqual([read2.was_unsorted, read2.left_out], [true, 1]);
});

Deno.test("checkAnswer() accepts no candles or trades from before the requested moment", () => {
  const since = 600_000;
  const candle = (timestamp: number) => ({ ...CANDLE, timestamp });
  const candles = { pair: "XBTZAR", since, duration: 60 } as const;
  refuses("getCandles", candles, { candles: [candle(1), candle(60_000)] });
  // The one that was running then began before.
  const running = read("getCandles", candles, { candles: [candle(480_000), candle(540_001), candle(600_000)] });
  assert.deepEqual([running.candles.map(({ timestamp }) => timestamp), running.left_out], [[540_001, 600_000], 1]);
  const trade = { price: "1", volume: "1", is_buy: true };
  const early = { ...trade, sequence: 1, timestamp: since - 1 };
  refuses("listTrades", { pair: "XBTZAR", since }, { trades: [early] });
  const trades = { trades: [{ ...trade, sequence: 2, timestamp: since }, early] };
  assert.equal(read("listTrades", { pair: "XBTZAR", since }, trades).left_out, 1);
});

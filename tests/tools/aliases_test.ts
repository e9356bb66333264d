import assert from "node:assert/strict";
import { aliases } from "../../src/tools/aliases.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import { type Json, START_MS, TestExchange } from "../support/exchange.ts";

const pair = "XBTZAR";
const DAY = 86_400_000;

/** A call with the parameters of Luno's Go server, and the call of ours that it stands for. */
const CALLS: readonly (readonly [string, Record<string, unknown>, string, Record<string, unknown>])[] = [
  ["get_ticker", { pair }, "get_crypto_price", { pair }],
  ["get_tickers", {}, "get_all_tickers", { limit: 500 }],
  ["get_tickers", { pair: "XBTZAR, eth/zar" }, "get_all_tickers", { pairs: ["XBTZAR", "ETHZAR"] }],
  ["get_order_book", { pair: "btczar" }, "get_orderbook", { pair, depth: 100 }],
  ["list_trades", { pair, since: String(START_MS - 60_000) }, "get_recent_trades", {
    pair,
    since: START_MS - 60_000,
    limit: 100,
  }],
  ["get_candles", { pair, duration: 3_600 }, "get_historical_prices", { pair, from: START_MS - DAY, count: 3_000 }],
  ["get_candles", { pair, duration: 300, since: START_MS - 3_600_000 }, "get_historical_prices", {
    pair,
    interval: "5m",
    from: START_MS - 3_600_000,
    count: 3_000,
  }],
  ["get_markets_info", { pair: "XBTZAR,ETHXBT" }, "get_market_overview", { pairs: ["XBTZAR", "ETHXBT"] }],
  ["get_balances", {}, "get_accounts", {}],
];

for (const [name, args, original, translated] of CALLS) {
  Deno.test(`${name} ${JSON.stringify(args)} returns the same as ${original}`, async () => {
    await using exchange = await TestExchange.start();
    assert.deepEqual(await exchange.answer(name, args), await exchange.answer(original, translated));
  });
}

Deno.test("list_transactions returns exactly the rows from min_row to below max_row", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 70 });
  const { accounts } = await exchange.answer("get_accounts");
  const account_id = accounts.find(({ name }: Json) => name === "ZAR Wallet").account_id;
  const { transactions: [{ row_index: last }] } = await exchange.answer("get_transaction_history", { account_id });
  const ranges = [[1, 100], [1, 2], [30, 35], [last - 5, last + 15], [last + 20, last + 40], [1, 1_001]];
  for (const [min_row = 0, max_row = 0] of ranges) {
    const { transactions, next_cursor } = await exchange.answer("list_transactions", { account_id, min_row, max_row });
    const rows = transactions.map(({ row_index }: Json) => row_index).toReversed();
    const expected = Array.from({ length: last }, (_, index) => index + 1).filter((row) =>
      row >= min_row && row < max_row
    );
    assert.deepEqual(rows, expected, `${min_row} to ${max_row}`);
    assert.equal(next_cursor, undefined);
  }
  const byDefault = await exchange.answer("list_transactions", { account_id });
  assert.deepEqual(byDefault, await exchange.answer("list_transactions", { account_id, min_row: 1, max_row: 100 }));
  const error = await exchange.refusal("list_transactions", { account_id, min_row: 1, max_row: 1_002 });
  assert.deepEqual(error.fields?.map(({ field }) => field), ["max_row"]);
});

for (
  const [name, args] of [
    ["get_ticker", { pair, depth: 5 }],
    ["get_tickers", { pair: "XBTZAR,AB" }],
    ["get_tickers", { pair: "XBTZAR,".repeat(250) }],
    ["get_candles", { pair, duration: 7 }],
    ["get_candles", { pair, duration: 60, since: Number.MAX_SAFE_INTEGER }],
    ["list_trades", { pair, since: "yesterday" }],
    ["list_transactions", { account_id: "1", min_row: 0 }],
  ] as const
) {
  Deno.test(`${name} ${JSON.stringify(args).slice(0, 60)} is refused as an invalid argument, not as an internal error`, async () => {
    await using exchange = await TestExchange.start();
    const error = await exchange.refusal(name, args);
    assert.equal(error.code, "ERR_INVALID_ARGUMENT", JSON.stringify(error));
  });
}

Deno.test("aliases are not in the catalogue, from which lists are made", () => {
  const names = new Set(catalogue.map(({ name }) => name));
  assert.ok(aliases.every(({ name }) => !names.has(name)));
  assert.deepEqual(
    aliases.map(({ name }) => name).toSorted(),
    [
      "create_order",
      "get_balances",
      "get_candles",
      "get_markets_info",
      "get_order_book",
      "get_ticker",
      "get_tickers",
      "list_trades",
      "list_transactions",
    ],
  );
});

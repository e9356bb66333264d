import assert from "node:assert/strict";
import type { Transaction } from "../../src/exchange/account_schemas.ts";
import { type Json, TestExchange } from "../support/exchange.ts";

/** The account with the long ledger. */
async function zarWallet(exchange: TestExchange): Promise<string> {
  const { accounts } = await exchange.answer("get_accounts", { currency: "ZAR" });
  return accounts.find(({ name }: Json) => name === "ZAR Wallet").account_id;
}

/** Every row of an account as the exchange has it, newest first. */
async function wholeLedger({ client }: TestExchange, id: string): Promise<Transaction[]> {
  const rows: Transaction[] = [];
  for (let min_row = 1;; min_row += 1_000) {
    const { transactions } = await client.call("listTransactions", { id, min_row, max_row: min_row + 1_000 });
    if (transactions.length === 0) return rows.toSorted((one, other) => other.row_index - one.row_index);
    rows.push(...transactions);
  }
}

/** Follows cursors to the end; `onPage` runs between two pages. */
async function follow(
  exchange: TestExchange,
  args: Record<string, unknown>,
  onPage: () => Promise<unknown> = () => Promise.resolve(),
): Promise<number[]> {
  const rows: number[] = [];
  for (let cursor: string | undefined, page = 0;; page++) {
    const answer: Json = await exchange.answer("get_transaction_history", { ...args, ...(cursor && { cursor }) });
    assert.ok(page < 1_000, "the cursors lead nowhere");
    rows.push(...answer.transactions.map(({ row_index }: Json) => row_index));
    cursor = answer.next_cursor;
    if (cursor === undefined) return rows;
    await onPage();
  }
}

/** Reserves rand in an order that rests far below the market, which adds a row to the wallet's ledger. */
async function addRow({ client }: TestExchange): Promise<void> {
  await client.call("postLimitOrder", { pair: "XBTZAR", type: "BID", volume: "0.001", price: "1000", post_only: true });
}

for (const transactionOrder of ["newest_first", "oldest_first"] as const) {
  Deno.test(`get_transaction_history reaches every row exactly once, latest first (wire: ${transactionOrder})`, async () => {
    await using exchange = await TestExchange.start({ ledgerRows: 2_500, transactionOrder });
    const account_id = await zarWallet(exchange);
    const expected = (await wholeLedger(exchange, account_id)).map(({ row_index }) => row_index);
    assert.ok(expected.length > 2_500 && expected.at(-1) === 1);
    for (const limit of [97, 500, 1_000]) {
      assert.deepEqual(await follow(exchange, { account_id, limit }), expected, `limit ${limit}`);
    }
  });
}

Deno.test("get_transaction_history is not shifted by rows that arrive between two pages", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 300 });
  const account_id = await zarWallet(exchange);
  const expected = (await wholeLedger(exchange, account_id)).map(({ row_index }) => row_index);
  assert.deepEqual(await follow(exchange, { account_id, limit: 25 }, () => addRow(exchange)), expected);
  const [newest] = (await exchange.answer("get_transaction_history", { account_id, limit: 1 })).transactions;
  assert.ok(newest.row_index > (expected[0] ?? Infinity), "nothing came in between");
  assert.deepEqual([newest.balance_delta, newest.available_delta], ["0", "-1"]);
});

Deno.test("get_transaction_history finds every row of a filter exactly once", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 6_000 });
  const account_id = await zarWallet(exchange);
  const ledger = await wholeLedger(exchange, account_id);
  const [from, to] = [ledger[2_500]?.timestamp, ledger[40]?.timestamp];
  for (
    const filter of [
      { kind: "FEE" },
      { kind: "INTEREST" },
      { kind: "TRANSFER", from },
      { from, to },
      { to: from },
      { from: ledger[3]?.timestamp },
    ]
  ) {
    const expected = ledger
      .filter((row) => filter.kind === undefined || row.kind === filter.kind)
      .filter((row) => row.timestamp >= (filter.from ?? 0) && row.timestamp <= (filter.to ?? Infinity))
      .map(({ row_index }) => row_index);
    assert.deepEqual(await follow(exchange, { account_id, limit: 700, ...filter }), expected, JSON.stringify(filter));
  }
});

Deno.test("get_transaction_history shows a row as it is in the ledger", async () => {
  await using exchange = await TestExchange.start();
  const account_id = await zarWallet(exchange);
  const trade = (await wholeLedger(exchange, account_id)).find(({ detail_fields }) => detail_fields.trade_details);
  const { transactions, currency } = await exchange.answer("get_transaction_history", { account_id, limit: 1_000 });
  const shown = transactions.find(({ row_index }: Json) => row_index === trade?.row_index);
  assert.equal(currency, "ZAR");
  const { trade_details } = trade?.detail_fields ?? assert.fail();
  assert.deepEqual(
    [Date.parse(shown.time), shown.kind, shown.balance_delta, shown.balance, shown.available, shown.reference],
    [trade?.timestamp, trade?.kind, trade?.balance_delta, trade?.balance, trade?.available, trade?.reference],
  );
  assert.deepEqual([shown.pair, shown.price, shown.volume], [
    trade_details?.pair,
    trade_details?.price,
    trade_details?.volume,
  ]);
});

for (const row of [1, 999, 1_000, 1_001, 2_500]) {
  Deno.test(`get_transaction finds row ${row} of a ledger with more than 2,500`, async () => {
    await using exchange = await TestExchange.start({ ledgerRows: 2_500 });
    const account_id = await zarWallet(exchange);
    const { transactions } = await exchange.answer("get_transaction", { account_id, transaction_id: String(row) });
    assert.deepEqual(transactions.map(({ row_index }: Json) => row_index), [row]);
  });
}

Deno.test("get_transaction finds all rows of a reference among the latest 5,000 and no further back", async () => {
  await using exchange = await TestExchange.start({ ledgerRows: 5_500 });
  const account_id = await zarWallet(exchange);
  const ledger = await wholeLedger(exchange, account_id);
  const several = ledger.find((row, index) => ledger[index + 1]?.reference === row.reference)?.reference;
  for (const reference of [several, ledger[4_999]?.reference]) {
    const { transactions } = await exchange.answer("get_transaction", { account_id, transaction_id: reference });
    assert.deepEqual(
      transactions.map(({ row_index }: Json) => row_index),
      ledger.filter((row) => row.reference === reference).map(({ row_index }) => row_index),
    );
  }
  const beyond = await exchange.refusal("get_transaction", { account_id, transaction_id: ledger[5_000]?.reference });
  assert.deepEqual([beyond.code, beyond.fields?.[0]?.field], ["ERR_INVALID_ARGUMENT", "transaction_id"]);
});

Deno.test("get_transaction reports that nothing matches, or that there is no such account", async () => {
  await using exchange = await TestExchange.start();
  const account_id = await zarWallet(exchange);
  for (const transaction_id of ["999999", "no-such-reference"]) {
    const error = await exchange.refusal("get_transaction", { account_id, transaction_id });
    assert.equal(error.code, "ERR_INVALID_ARGUMENT");
  }
  const elsewhere = await exchange.refusal("get_transaction", { account_id: "42", transaction_id: "1" });
  assert.equal(elsewhere.code, "ERR_NOT_FOUND");
});

Deno.test("get_transaction_history refuses a cursor that it did not write", async () => {
  await using exchange = await TestExchange.start();
  const { next_cursor } = await exchange.answer("list_orders", { limit: 1 });
  for (const cursor of ["x", "e30", next_cursor]) {
    const error = await exchange.refusal("get_transaction_history", { currency: "XBT", cursor });
    assert.deepEqual([error.code, error.fields?.[0]?.field], ["ERR_INVALID_ARGUMENT", "cursor"]);
  }
});

/** The accounts of the key's owner: balances, ledgers, transfers. */

import { z } from "zod";
import { formatDecimal, parseDecimal } from "../money/decimals.ts";
import { sumOf } from "../money/rounding.ts";
import type { Balance, Transaction, Transfer } from "../exchange/schemas.ts";
import { chooseAccount } from "./accounts.ts";
import { type CursorQuery, positionAfter, readCursor, rowsAfter, TimePosition, writeCursor } from "./cursor.ts";
import { ExchangeText } from "./exchange_text.ts";
import {
  AccountId,
  CurrencyText,
  CursorText,
  fieldsOf,
  isoTime,
  LeftOut,
  leftOut,
  Moment,
  NextCursor,
  pickFields,
  readMoment,
  rowLimit,
} from "./inputs.ts";
import { findLedgerRow, ledgerQuery, readLedger } from "./ledger.ts";
import { ArgumentError, defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";
import { homeCurrency, sumByCurrency, valueIn } from "../market/valuation.ts";

const AccountChoice = {
  account_id: AccountId.optional(),
  currency: CurrencyText.optional().describe("instead of account_id where you have one account in it"),
};

const AccountRow = z.object({
  account_id: z.string(),
  currency: z.string(),
  name: ExchangeText,
  balance: z.string(),
  reserved: z.string(),
  available: z.string(),
  unconfirmed: z.string(),
});

const getAccounts = defineTool({
  name: "get_accounts",
  title: "Accounts and their ids",
  description:
    "Every account (wallet) with its id, which other tools ask for. available = balance - reserved (for open orders); unconfirmed is still coming in.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ currency: CurrencyText.optional() }),
  output: z.object({ accounts: z.array(AccountRow), left_out: LeftOut }),
  async run({ currency }, { exchange, markets, signal }) {
    const code = currency === undefined ? undefined : await markets.resolveCurrency(currency, { signal });
    const filter = code === undefined ? {} : { assets: [code] };
    const { balance, left_out } = await exchange.call("getBalances", filter, { signal });
    return { accounts: balance.map(accountRow), ...leftOut(left_out) };
  },
});

const getAccountBalance = defineTool({
  name: "get_account_balance",
  title: "Balances and portfolio value",
  description:
    "What you own (portfolio): balance per currency over all accounts, reserved and available, valued in one currency at mid prices; empty currencies only on request.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    currency: CurrencyText.optional(),
    value_in: CurrencyText.optional().describe("by default your fiat currency, else USDT"),
    include_empty: z.boolean().default(false),
  }),
  output: z.object({
    balances: z.array(z.object({
      currency: z.string(),
      balance: z.string(),
      reserved: z.string(),
      available: z.string(),
      unconfirmed: z.string(),
      accounts: z.int(),
      price: z.string().nullable().describe("of one unit in value_in"),
      value: z.string().nullable(),
    })),
    value_in: z.string(),
    total_value: z.string(),
    unpriced: z.array(z.string()).describe("not in total_value, for want of a market"),
    left_out: LeftOut,
  }),
  async run({ currency, value_in, include_empty }, { exchange, markets, signal }) {
    const code = currency === undefined ? undefined : await markets.resolveCurrency(currency, { signal });
    const { balance, left_out } = await exchange.call("getBalances", {}, { signal });
    const held = sumByCurrency(balance);
    const [list, { tickers }] = await Promise.all([
      markets.list({ signal }),
      exchange.call("getTickers", {}, { signal }),
    ]);
    const valuedIn = value_in === undefined
      ? homeCurrency(held, list)
      : await markets.resolveCurrency(value_in, { signal });
    const worthOf = valueIn(valuedIn, { markets: list, tickers });
    const rows = held
      .filter((row) =>
        (code === undefined || row.currency === code) && (include_empty || code !== undefined || !row.isEmpty)
      )
      .map((row) => ({ row, worth: worthOf(row) }));
    const priced = rows.flatMap(({ worth }) => worth === null ? [] : [worth.value]);
    return {
      balances: rows.map(({ row, worth }) => ({
        currency: row.currency,
        balance: formatDecimal(row.balance),
        reserved: formatDecimal(row.reserved),
        available: formatDecimal(row.balance.minus(row.reserved)),
        unconfirmed: formatDecimal(row.unconfirmed),
        accounts: row.accounts,
        price: worth === null ? null : formatDecimal(worth.price),
        value: worth === null ? null : formatDecimal(worth.value),
      })),
      value_in: valuedIn,
      total_value: formatDecimal(sumOf(priced)),
      unpriced: rows.filter(({ worth }) => worth === null).map(({ row }) => row.currency),
      ...leftOut(left_out),
    };
  },
});

const TRANSACTION_FIELDS = [
  "row_index",
  "time",
  "kind",
  "description",
  "balance_delta",
  "available_delta",
  "balance",
  "available",
  "reference",
  "pair",
  "price",
  "volume",
  "address",
  "txid",
] as const;

const TransactionRow = z.object({
  row_index: z.int(),
  time: z.string().optional(),
  kind: z.string(),
  description: ExchangeText,
  balance_delta: z.string(),
  available_delta: z.string(),
  balance: z.string(),
  available: z.string(),
  reference: ExchangeText,
  pair: z.string().optional(),
  price: z.string().optional(),
  volume: z.string().optional(),
  address: ExchangeText.optional(),
  txid: ExchangeText.optional(),
});

const getTransactionHistory = defineTool({
  name: "get_transaction_history",
  title: "Account statement",
  description:
    "Statement (ledger) of one account, latest first: trades, fees, deposits, withdrawals. balance_delta 0 with an available_delta is a reservation or its release. Rows of one event share a reference.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...AccountChoice,
    kind: z.enum(["EXCHANGE", "FEE", "TRANSFER", "INTEREST"]).optional(),
    from: Moment.optional().describe("ISO 8601 or Unix ms"),
    to: Moment.optional(),
    limit: rowLimit({ default: 25, max: 1_000 }),
    cursor: CursorText.optional(),
    fields: fieldsOf(TRANSACTION_FIELDS),
  }),
  output: z.object({
    account_id: z.string(),
    currency: z.string(),
    transactions: z.array(TransactionRow.partial()),
    next_cursor: NextCursor,
    left_out: LeftOut,
  }),
  async run({ account_id, currency, kind, from, to, limit, cursor, fields }, context) {
    const account = await chooseAccount(context, { account_id, currency });
    const fromMs = from === undefined ? 0 : readMoment("from", from);
    const toMs = to === undefined ? Infinity : readMoment("to", to);
    const page = await readLedger(context, {
      accountId: account.account_id,
      limit,
      cursor,
      query: ledgerQuery(account.account_id, { kind, fromMs, toMs }),
      fromMs,
      wanted: (row) => (kind === undefined || row.kind === kind) && row.timestamp >= fromMs && row.timestamp <= toMs,
    });
    return {
      account_id: account.account_id,
      currency: account.asset,
      transactions: pickFields(page.rows.map(transactionRow), fields),
      ...page.next,
      ...leftOut(page.leftOut),
    };
  },
});

const getPendingTransactions = defineTool({
  name: "get_pending_transactions",
  title: "Pending transactions",
  description:
    "Deposits and withdrawals of one account that are not settled yet, such as unconfirmed receives; they may change or vanish.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject(AccountChoice),
  output: z.object({
    account_id: z.string(),
    currency: z.string(),
    pending: z.array(TransactionRow.partial()),
    left_out: LeftOut,
  }),
  async run(choice, context) {
    const account = await chooseAccount(context, choice);
    const { pending, left_out } = await context.exchange.call("listPendingTransactions", { id: account.account_id }, {
      signal: context.signal,
    });
    const rows = pending.map((row) => ({ ...transactionRow(row), row_index: undefined }));
    return {
      account_id: account.account_id,
      currency: account.asset,
      pending: rows.map(({ row_index: _unstable, ...row }) => row),
      ...leftOut(left_out),
    };
  },
});

const getTransaction = defineTool({
  name: "get_transaction",
  title: "Statement row",
  description:
    "One row of an account's statement by its row number, or all rows of one event by their reference (searched in the latest 5000 rows).",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    account_id: AccountId,
    transaction_id: z.string().min(1).max(100).describe("row number or reference"),
  }),
  output: z.object({ account_id: z.string(), transactions: z.array(TransactionRow.partial()), left_out: LeftOut }),
  async run({ account_id, transaction_id }, context) {
    const found = await findLedgerRow(context, { accountId: account_id, wanted: transaction_id });
    if (found.rows.length > 0) {
      return { account_id, transactions: found.rows.map(transactionRow), ...leftOut(found.leftOut) };
    }
    const unread = found.leftOut === 0 ? "" : `, but ${found.leftOut} rows cannot be read`;
    throw new ArgumentError(
      "transaction_id",
      `expected a row number or reference of account ${account_id}: nothing matches${unread}`,
    );
  },
});

const listTransfers = defineTool({
  name: "list_transfers",
  title: "Deposits and withdrawals",
  description:
    "Confirmed deposits and withdrawals of one account (bank, card, chain), latest first; amounts are positive and net of the fee. Those under way are in get_pending_transactions.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...AccountChoice,
    limit: rowLimit({ default: 25, max: 500 }),
    cursor: CursorText.optional(),
  }),
  output: z.object({
    account_id: z.string(),
    currency: z.string(),
    transfers: z.array(z.object({
      id: z.string(),
      time: z.string().optional(),
      direction: z.enum(["in", "out"]),
      amount: z.string(),
      fee: z.string(),
      transaction_id: ExchangeText.optional(),
    })),
    next_cursor: NextCursor,
    left_out: LeftOut,
  }),
  async run({ limit, cursor, ...choice }, context) {
    const account = await chooseAccount(context, choice);
    const query: CursorQuery = ["list_transfers", account.account_id];
    const position = cursor === undefined ? undefined : readCursor(TimePosition, { cursor, query });
    const { transfers, left_out } = await context.exchange.call("listTransfers", {
      account_id: account.account_id,
      limit: Math.min(1_000, limit + (position?.seen.length ?? 0) + 1),
      ...(position === undefined ? {} : { before: position.atMs + 1 }),
    }, { signal: context.signal });
    const key = (row: Transfer) => ({ id: row.id, atMs: row.created_at });
    const rest = rowsAfter(transfers, position, key);
    const rows = rest.slice(0, limit);
    const next = rest.length + left_out > limit && rows.length > 0 ? positionAfter(rows, position, key) : undefined;
    return {
      account_id: account.account_id,
      currency: account.asset,
      transfers: rows.map(transferRow),
      ...(next === undefined ? {} : { next_cursor: writeCursor(next, query) }),
      ...leftOut(left_out),
    };
  },
});

/** The accounts of the key's owner. */
export const accountTools: readonly Tool[] = [
  getAccountBalance,
  getAccounts,
  getTransactionHistory,
  getPendingTransactions,
  getTransaction,
  listTransfers,
];

function accountRow(row: Balance): z.input<typeof AccountRow> {
  const { account_id, asset, name, balance, reserved, unconfirmed } = row;
  const available = formatDecimal(parseDecimal(balance).minus(reserved));
  return { account_id, currency: asset, name, balance, reserved, available, unconfirmed };
}

/** A ledger row as tools answer it. */
export function transactionRow(row: Transaction): z.input<typeof TransactionRow> {
  const { row_index, kind, description, balance_delta, available_delta, balance, available, reference } = row;
  const { trade_details: trade, crypto_details: crypto } = row.detail_fields;
  return {
    row_index,
    time: isoTime(row.timestamp),
    kind,
    description,
    balance_delta,
    available_delta,
    balance,
    available,
    reference,
    ...(trade === null ? {} : { pair: trade.pair, price: trade.price, volume: trade.volume }),
    ...(crypto === null ? {} : { address: crypto.address, txid: crypto.txid }),
  };
}

function transferRow(row: Transfer) {
  return {
    id: row.id,
    time: isoTime(row.created_at),
    direction: row.inbound ? "in" as const : "out" as const,
    amount: row.amount,
    fee: row.fee,
    ...(row.transaction_id === "" ? {} : { transaction_id: row.transaction_id }),
  };
}

/** An account's ledger, row by row. */

import { z } from "zod";
import type { Transaction } from "../exchange/account_schemas.ts";
import { accountChoice, chooseAccount } from "./account_choice.ts";
import { ExchangeText, exchangeText } from "./exchange_text.ts";
import {
  AccountId,
  currently,
  CursorText,
  fieldsOf,
  isoTime,
  LeftOut,
  leftOut,
  Moment,
  NextCursor,
  pickFields,
  readMoment,
  readPastMoment,
  rowLimit,
} from "./inputs.ts";
import { findLedgerRow, ledgerQuery, readLedger } from "./ledger.ts";
import { ArgumentError, defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";

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
    ...accountChoice,
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
    const fromMs = from === undefined ? 0 : readPastMoment("from", from, context.now());
    const toMs = to === undefined ? Infinity : readMoment("to", to);
    if (from !== undefined && fromMs > toMs) {
      throw new ArgumentError("from", `expected a time before \`to\`${currently(from)}`);
    }
    // A row of a kind that the exchange has added since may be of the requested kind.
    let ofUnknownKind = 0;
    const wanted = (row: Transaction): boolean => {
      if (row.timestamp < fromMs || row.timestamp > toMs) return false;
      if (kind !== undefined && row.kind === "UNKNOWN") ofUnknownKind++;
      return kind === undefined || row.kind === kind;
    };
    const page = await readLedger(context, {
      accountId: account.account_id,
      limit,
      cursor,
      query: ledgerQuery(account.account_id, { kind, fromMs, toMs }),
      fromMs,
      wanted,
    });
    return {
      account_id: account.account_id,
      currency: account.asset,
      transactions: pickFields(page.rows.map(transactionRow), fields),
      ...page.next,
      ...leftOut(page.leftOut + ofUnknownKind),
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
  input: z.strictObject(accountChoice),
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
      `expected a row number or reference of account ${account_id}: nothing matches${unread}${
        currently(transaction_id)
      }`,
    );
  },
});

/** Tools that read ledgers. */
export const statementTools: readonly Tool[] = [getTransactionHistory, getPendingTransactions, getTransaction];

/** A ledger row in answers. */
export function transactionRow(row: Transaction): z.output<typeof TransactionRow> {
  const { row_index, kind, description, balance_delta, available_delta, balance, available, reference } = row;
  const { trade_details: trade, crypto_details: crypto } = row.detail_fields;
  return {
    row_index,
    time: isoTime(row.timestamp),
    kind,
    description: exchangeText(description),
    balance_delta,
    available_delta,
    balance,
    available,
    reference: exchangeText(reference),
    ...(trade === null ? {} : { pair: trade.pair, ...known("price", trade.price), ...known("volume", trade.volume) }),
    ...(crypto === null
      ? {}
      : { ...known("address", exchangeText(crypto.address)), ...known("txid", exchangeText(crypto.txid)) }),
  };
}

/** An omitted detail is neither a price of 0 nor an empty address. */
function known<Name extends string, Text extends string>(
  name: Name,
  value: Text,
): { [N in Name]?: Text } | Record<never, never> {
  return value === "" || value === "0" ? {} : { [name]: value };
}

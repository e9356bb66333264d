/** Confirmed deposits and withdrawals. */

import { z } from "zod";
import type { Transfer } from "../exchange/funding_schemas.ts";
import { accountChoice, chooseAccount } from "./account_choice.ts";
import { type CursorQuery, positionAfter, readCursor, rowsAfter, TimePosition, writeCursor } from "./cursor.ts";
import { ExchangeText, exchangeText } from "./exchange_text.ts";
import { CursorText, isoTime, LeftOut, leftOut, NextCursor, rowLimit } from "./inputs.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";

/** The tool that lists them. */
export const listTransfers = defineTool({
  name: "list_transfers",
  title: "Deposits and withdrawals",
  description:
    "Confirmed deposits and withdrawals of one account (bank, card, chain), latest first; amounts are positive and net of the fee. Those under way are in get_pending_transactions.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...accountChoice,
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

function transferRow(row: Transfer) {
  return {
    id: row.id,
    time: isoTime(row.created_at),
    direction: row.inbound ? "in" as const : "out" as const,
    amount: row.amount,
    fee: row.fee,
    ...(row.transaction_id === "" ? {} : { transaction_id: exchangeText(row.transaction_id) }),
  };
}

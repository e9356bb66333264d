/**
 * Reading an account's ledger from its newest row backwards.
 *
 * Rows count from 1, the oldest; the exchange answers at most 1000 of them at once, and a row number <= 0 counts back
 * from the newest. After the first page this asks for positive numbers only, so that rows which come in meanwhile
 * shift nothing.
 */

import { z } from "zod";
import type { Transaction } from "../exchange/schemas.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { ToolContext } from "./tool.ts";

/** The most rows that the exchange answers at once. */
const PAGE_SIZE = 1_000;

/** The most pages that one call reads while it looks for rows. */
const MAX_PAGES = 5;

/** Where to go on, downwards; rows below `first` are left out. */
const RowPosition = z.strictObject({ before: z.int().min(1), first: z.int().min(1).default(1) });

/** What to read. */
export interface LedgerQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** Rows older than this are not looked at. */
  readonly fromMs: number;
  wanted(row: Transaction): boolean;
}

/** Rows, newest first, and the way to the next ones. */
export interface LedgerPage {
  readonly rows: readonly Transaction[];
  readonly next: { next_cursor?: string };
}

/** Reads wanted rows, newest first; after five pages of 1000 it answers what it has, with a cursor. */
export async function readLedger(context: ToolContext, query: LedgerQuery): Promise<LedgerPage> {
  const rows: Transaction[] = [];
  const start = query.cursor === undefined ? undefined : readCursor(RowPosition, query.cursor);
  const first = start?.first ?? 1;
  let before = start?.before;
  for (let page = 0; page < MAX_PAGES && (before === undefined || before > first); page++) {
    // Without a filter the first rows are the wanted ones; a larger page pays only when rows are left out.
    const size: number = page === 0 ? Math.min(PAGE_SIZE, Math.max(query.limit, 50)) : PAGE_SIZE;
    const found = await readRows(context, query.accountId, { before, size });
    for (const row of found) {
      if (row.row_index < first || row.timestamp < query.fromMs) return { rows, next: {} };
      before = row.row_index;
      if (query.wanted(row)) rows.push(row);
      if (rows.length === query.limit) {
        return { rows, next: goOn({ before, first }) };
      }
    }
    if (found.length === 0) return { rows, next: {} };
  }
  return { rows, next: before === undefined ? {} : goOn({ before, first }) };
}

function goOn({ before, first }: z.output<typeof RowPosition>): { next_cursor?: string } {
  if (before <= first) return {};
  return { next_cursor: writeCursor(first === 1 ? { before } : { before, first }) };
}

/** The row with a number, or the rows with a reference among the latest 5000; empty where nothing matches. */
export async function findLedgerRow(
  context: ToolContext,
  { accountId, wanted }: { accountId: string; wanted: string },
): Promise<readonly Transaction[]> {
  if (/^[1-9]\d{0,8}$/.test(wanted)) {
    const rows = await readRows(context, accountId, { before: Number(wanted) + 1, size: 1 });
    const row = rows.find((candidate) => candidate.row_index === Number(wanted));
    if (row !== undefined) return [row];
  }
  const page = await readLedger(context, {
    accountId,
    limit: PAGE_SIZE,
    cursor: undefined,
    fromMs: 0,
    wanted: (row) => row.reference === wanted,
  });
  return page.rows;
}

async function readRows(
  { exchange, signal }: ToolContext,
  id: string,
  { before, size }: { before: number | undefined; size: number },
): Promise<Transaction[]> {
  const range = before === undefined
    ? { min_row: -size, max_row: 0 }
    : { min_row: Math.max(1, before - size), max_row: before };
  const { transactions } = await exchange.call("listTransactions", { id, ...range }, { signal });
  return transactions.toSorted((one, other) => other.row_index - one.row_index);
}

/**
 * Reads an account's ledger from its newest row backwards.
 *
 * Rows count from 1, the oldest; the exchange returns at most 1000 at once, and a row number <= 0 counts back from the
 * newest. After the first page only positive numbers are used, so that new rows do not shift the pages.
 */

import { z } from "zod";
import type { Transaction } from "../exchange/account_schemas.ts";
import { type CursorQuery, readCursor, writeCursor } from "./cursor.ts";
import type { ToolContext } from "./tool.ts";

/** The most rows in one answer of the exchange. */
const PAGE_SIZE = 1_000;

/** The most pages that one call reads in search of rows. */
const MAX_PAGES = 5;

/** Where to continue, downwards; rows below `first` are skipped. */
const RowPosition = z.strictObject({ before: z.int().min(1), first: z.int().min(1).default(1) });

/** The rows to read. */
export interface LedgerQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** What the cursor belongs to. */
  readonly query: CursorQuery;
  /** Older rows are ignored. */
  readonly fromMs: number;
  wanted(row: Transaction): boolean;
}

/** Rows, newest first, and where to continue. */
export interface LedgerPage {
  readonly rows: readonly Transaction[];
  readonly next: { next_cursor?: string };
  /** The number of unreadable rows. */
  readonly leftOut: number;
}

/** The cursor query of an account's ledger. */
export function ledgerQuery(
  accountId: string,
  { kind, fromMs = 0, toMs = Infinity }: {
    readonly kind?: string | undefined;
    readonly fromMs?: number;
    readonly toMs?: number;
  } = {},
): CursorQuery {
  return ["get_transaction_history", accountId, kind ?? null, fromMs, Number.isFinite(toMs) ? toMs : null];
}

/** Reads matching rows, newest first; after five pages of 1000 it returns what it has, with a cursor. */
export async function readLedger(context: ToolContext, query: LedgerQuery): Promise<LedgerPage> {
  const rows: Transaction[] = [];
  const { cursor } = query;
  const start = cursor === undefined ? undefined : readCursor(RowPosition, { cursor, query: query.query });
  const goOn = (position: z.output<typeof RowPosition>) => cursorAt(position, query.query);
  let leftOut = 0;
  const first = start?.first ?? 1;
  let before = start?.before;
  for (let page = 0; page < MAX_PAGES && (before === undefined || before > first); page++) {
    // Without a filter the first rows are the wanted ones; a larger page is only useful when rows are skipped.
    const size: number = page === 0 ? Math.min(PAGE_SIZE, Math.max(query.limit, 50)) : PAGE_SIZE;
    const asked: number | undefined = before;
    const found = await readRows(context, query.accountId, { before, size });
    leftOut += found.leftOut;
    for (const row of found.rows) {
      if (row.row_index < first || row.timestamp < query.fromMs) return { rows, next: {}, leftOut };
      before = row.row_index;
      if (query.wanted(row)) rows.push(row);
      if (rows.length === query.limit) {
        return { rows, next: goOn({ before, first }), leftOut };
      }
    }
    if (found.rows.length + found.leftOut < size) return { rows, next: {}, leftOut };
    // Unreadable rows at the end of a page are not read again.
    if (asked !== undefined) before = asked - size;
    else if (found.rows.length === 0) return { rows, next: {}, leftOut };
  }
  return { rows, next: before === undefined ? {} : goOn({ before, first }), leftOut };
}

function cursorAt({ before, first }: z.output<typeof RowPosition>, query: CursorQuery): { next_cursor?: string } {
  if (before <= first) return {};
  return { next_cursor: writeCursor(first === 1 ? { before } : { before, first }, query) };
}

/** The row with a number, or the rows with a reference among the latest 5000; empty when nothing matches. */
export async function findLedgerRow(
  context: ToolContext,
  { accountId, wanted }: { accountId: string; wanted: string },
): Promise<Pick<LedgerPage, "rows" | "leftOut">> {
  if (/^[1-9]\d{0,8}$/.test(wanted)) {
    const { rows } = await readRows(context, accountId, { before: Number(wanted) + 1, size: 1 });
    const row = rows.find((candidate) => candidate.row_index === Number(wanted));
    if (row !== undefined) return { rows: [row], leftOut: 0 };
  }
  return await readLedger(context, {
    accountId,
    limit: PAGE_SIZE,
    cursor: undefined,
    query: ledgerQuery(accountId),
    fromMs: 0,
    wanted: (row) => row.reference === wanted,
  });
}

async function readRows(
  { exchange, signal }: ToolContext,
  id: string,
  { before, size }: { before: number | undefined; size: number },
): Promise<{ readonly rows: readonly Transaction[]; readonly leftOut: number }> {
  const range = before === undefined
    ? { min_row: -size, max_row: 0 }
    : { min_row: Math.max(1, before - size), max_row: before };
  const { transactions, left_out } = await exchange.call("listTransactions", { id, ...range }, { signal });
  return { rows: transactions.toSorted((one, other) => other.row_index - one.row_index), leftOut: left_out };
}

/**
 * The trades of one order, oldest first and page by page: a client that continues from a cursor misses none, however
 * late. Trades are numbered by the exchange, which keeps them; a restart of this server loses nothing.
 */

import Big from "big.js";
import { z } from "zod";
import { formatDecimal } from "../money/decimals.ts";
import type { UserTrade } from "../exchange/order_schemas.ts";
import { sleep } from "../timing/sleep.ts";
import type { CursorQuery } from "./cursor.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { ToolContext } from "./tool.ts";

/** The fields of an order that its trades depend on. */
export interface FilledOrder {
  readonly orderId: string;
  readonly pair: string;
  /** In milliseconds since the Unix epoch; 0 when unknown. */
  readonly createdMs: number;
  /** Its total traded volume, in base currency. */
  readonly filled: string;
}

/** Some trades of an order. */
export interface FillPage {
  readonly trades: readonly UserTrade[];
  /** Where to continue, at any time. */
  readonly next: string;
  /** Whether there are more now, or will be in a moment. */
  readonly hasMore: boolean;
}

/** The most trades of one page. */
const PAGE_FILLS = 200;

/** Own trades of the pair (including other orders') per request, and the most requests. */
const PAGE_ROWS = 1_000;
const MAX_PAGES = 5;

/** Pauses before asking again while the exchange's list of trades lags behind the order. */
const PAUSES_MS = [250, 1_000];

/** Trades are not older than their order; clocks of the exchange may differ by this much. */
const MARGIN_MS = 1_000;

/** `after`: the number of the last trade that was read, and the volume traded up to it. */
const Position = z.strictObject({ after: z.int().min(0), filled: z.string().regex(/^\d{1,40}(?:\.\d{1,40})?$/) });

interface Place {
  /** `undefined` before the first trade. */
  readonly after: number | undefined;
  readonly filled: Big;
}

/**
 * Reads a page.
 *
 * @throws {ArgumentError} when the cursor is not one of this order
 * @throws {ExchangeError} when the exchange could not be read
 */
export async function readFills(
  context: Pick<ToolContext, "exchange" | "signal">,
  order: FilledOrder,
  cursor?: string,
): Promise<FillPage> {
  const query: CursorQuery = ["order_fills", order.orderId];
  const read = cursor === undefined ? undefined : readCursor(Position, { cursor, query });
  let place: Place = { after: read?.after, filled: new Big(read?.filled ?? 0) };
  const trades: UserTrade[] = [];
  let isCut = false;
  for (const pauseMs of [0, ...PAUSES_MS]) {
    if (pauseMs > 0) await sleep(pauseMs, context.signal);
    const found = await readOn(context, order, { place, room: PAGE_FILLS - trades.length });
    trades.push(...found.trades);
    ({ place, isCut } = found);
    if (isCut || place.filled.gte(order.filled)) break;
  }
  const { after = 0, filled } = place;
  return {
    trades,
    next: writeCursor({ after, filled: formatDecimal(filled) }, query),
    hasMore: isCut || filled.lt(order.filled),
  };
}

/** Reads until the end of the list, or of the page. `isCut`: more trades follow. */
async function readOn(
  { exchange, signal }: Pick<ToolContext, "exchange" | "signal">,
  { orderId, pair, createdMs }: FilledOrder,
  { place, room }: { readonly place: Place; readonly room: number },
): Promise<{ readonly trades: readonly UserTrade[]; readonly place: Place; readonly isCut: boolean }> {
  const found: UserTrade[] = [];
  let { after, filled } = place;
  // Trades of other orders are skipped for good only when they fill a whole page.
  let passed = after;
  for (let page = 0; page < MAX_PAGES; page++) {
    const from = passed === undefined ? { since: Math.max(0, createdMs - MARGIN_MS) } : { after_seq: passed + 1 };
    const { trades: rows, left_out } = await exchange.call("listUserTrades", { pair, limit: PAGE_ROWS, ...from }, {
      signal,
    });
    for (const row of rows.filter(({ order_id }) => order_id === orderId)) {
      if (found.length === room) return { trades: found, place: { after, filled }, isCut: true };
      found.push(row);
      after = row.sequence;
      filled = filled.plus(row.base);
    }
    if (rows.length + left_out < PAGE_ROWS) return { trades: found, place: { after, filled }, isCut: false };
    passed = after = Math.max(passed ?? 0, ...rows.map(({ sequence }) => sequence));
  }
  return { trades: found, place: { after, filled }, isCut: true };
}

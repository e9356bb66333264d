/**
 * Reads orders, latest first, open and closed ones merged.
 *
 * The exchange lists open and closed orders separately and pages by an exclusive creation time, while several orders
 * may share a millisecond: each page overlaps the previous one, and repeated rows are dropped.
 */

import { type FinalStanding, finalStandingOf, standingOf } from "../exchange/order_standing.ts";
import type { Order, OrderList } from "../exchange/order_schemas.ts";
import { type CursorQuery, positionAfter, readCursor, rowsAfter, TimePosition, writeCursor } from "./cursor.ts";
import type { ToolContext } from "./tool.ts";

/** The most orders in one answer of the exchange. */
const PAGE_SIZE = 1_000;

/** The most pages that one call reads in search of orders. */
const MAX_PAGES = 5;

/** The orders to read. */
export interface OrderQuery {
  readonly pair?: string | undefined;
  readonly state: "all" | "open" | "closed" | FinalStanding;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Orders, latest first, and where to continue. */
export interface OrderPage {
  readonly orders: readonly Order[];
  readonly next: { next_cursor?: string };
  /** The number of unreadable rows. */
  readonly leftOut: number;
}

/** Reads orders; when a state is rare it returns fewer than `limit` after five pages, with a cursor. */
export async function readOrders(context: ToolContext, query: OrderQuery): Promise<OrderPage> {
  const pair = query.pair === undefined
    ? {}
    : { pair: (await context.markets.resolve(query.pair, { signal: context.signal })).market_id };
  const { cursor } = query;
  const of: CursorQuery = ["orders", pair.pair ?? null, query.state];
  const found: Order[] = [];
  let leftOut = 0;
  let position = cursor === undefined ? undefined : readCursor(TimePosition, { cursor, query: of });
  for (let page = 0; page < MAX_PAGES; page++) {
    const size: number = page === 0 ? Math.min(PAGE_SIZE, query.limit + 1 + (position?.seen.length ?? 0)) : PAGE_SIZE;
    const { orders, isLast, unread } = await readPage(context, { ...pair, state: query.state, position, size });
    leftOut += unread;
    for (const [index, order] of orders.entries()) {
      if (matches(order, query.state)) found.push(order);
      if (found.length < query.limit) continue;
      const after = positionAfter(orders.slice(0, index + 1), position, key);
      const more = index + 1 < orders.length || !isLast;
      return {
        orders: found,
        next: more && after !== undefined ? { next_cursor: writeCursor(after, of) } : {},
        leftOut,
      };
    }
    // When no row of a page is readable, its end is unknown.
    if (isLast || orders.length === 0) return { orders: found, next: {}, leftOut };
    position = positionAfter(orders, position, key);
  }
  return { orders: found, next: position === undefined ? {} : { next_cursor: writeCursor(position, of) }, leftOut };
}

async function readPage(
  { exchange, signal }: ToolContext,
  page: { pair?: string; state: OrderQuery["state"]; position: TimePosition | undefined; size: number },
): Promise<{ orders: Order[]; isLast: boolean; unread: number }> {
  const { pair, state, position, size } = page;
  const range = {
    limit: size,
    ...(pair === undefined ? {} : { pair }),
    ...(position === undefined ? {} : { created_before: position.atMs + 1 }),
  };
  const kinds = state === "all" ? [false, true] : [state !== "open"];
  const lists: OrderList[] = [];
  // Open before closed: an order that closes in between is then in both lists; the other way round it would be in
  // neither.
  for (const closed of kinds) lists.push(await exchange.call("listOrders", { ...range, closed }, { signal }));
  // A truncated list still has `limit` new rows, so the latest `limit` of all lists are among these.
  const merged = new Map(lists.flatMap((list) => list.orders).map((order) => [order.order_id, order]));
  const known = [...merged.values()].toSorted((one, other) => other.creation_timestamp - one.creation_timestamp);
  return {
    orders: rowsAfter(known, position, key),
    isLast: lists.every((list) => list.orders.length + list.left_out < size),
    unread: lists.reduce((total, list) => total + list.left_out, 0),
  };
}

/** An order of unknown status belongs to both lists: it may be either. */
function matches(order: Order, state: OrderQuery["state"]): boolean {
  if (state === "all") return true;
  if (state === "open") return finalStandingOf(order) === undefined;
  const standing = standingOf(order);
  return state === "closed" ? standing === "unknown" || finalStandingOf(order) !== undefined : standing === state;
}

function key(order: Order): { id: string; atMs: number } {
  return { id: order.order_id, atMs: order.creation_timestamp };
}

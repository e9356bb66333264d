/** The exchange's open orders, and how our placements that are no longer among them have ended. */

import { ExchangeError } from "../../exchange/errors.ts";
import { finalStandingOf, type StandingFacts } from "../../exchange/order_standing.ts";
import type { Order as ExchangeOrder, OrderId } from "../../exchange/order_schemas.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { inParallel } from "../../timing/in_parallel.ts";
import { allPlacements } from "../record/placement_pages.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { lookUp } from "./reconcile.ts";

/** The age from which an order that cannot be found counts as dropped from the exchange's history. */
export const FORGOTTEN_MS = 600_000;

const PAGE = 1_000;
const MAX_PAGES = 20;

/** Orders that are looked up individually in one round; the lists cover the others. */
const MAX_SINGLE_LOOKS = 20;

/** How a final order ended: fully traded, cancelled by its owner, or ended early by the exchange. */
export type Ending = "filled" | "cancelled" | "ended";

/** How an order ended; `undefined` unless it is final. */
export function endingOf(order: StandingFacts): Ending | undefined {
  const standing = finalStandingOf(order);
  return standing === "expired" ? "ended" : standing;
}

/** Records the final fills of one of our placements; does nothing while the order is live or when they are recorded. */
export async function closeIfFinal(
  { journal, now, pendingWrites }: Pick<ExecutorParts, "journal" | "now" | "pendingWrites">,
  { clientOrderId }: Pick<Placement, "clientOrderId">,
  order: ExchangeOrder,
): Promise<boolean> {
  const status = endingOf(order);
  if (status === undefined) return false;
  const { base, counter, fee_base: feeBase, fee_counter: feeCounter } = order;
  const at = now();
  await pendingWrites.write(() => journal.close(clientOrderId, { base, counter, feeBase, feeCounter, status }, at));
  return true;
}

/**
 * The ids of the account's orders that are open. The list may lag.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
async function openIds(
  { exchange, signal }: Pick<ExecutorParts, "exchange" | "signal">,
): Promise<ReadonlySet<string>> {
  const read = (paging: Paging) => exchange.call("listOrders", { ...paging, limit: PAGE }, { fresh: true, signal });
  const open = new Set<string>();
  for await (const orders of pagesOf(read)) {
    for (const order of orders) if (endingOf(order) === undefined) open.add(order.order_id);
  }
  return open;
}

/**
 * The ids of all open orders of the account, newest first, with their pairs, including rows that are otherwise
 * unreadable. `leftOut` counts rows without a readable id.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
export async function listOpenOrderIds(
  { exchange, signal }: Pick<ExecutorParts, "exchange" | "signal">,
): Promise<{ readonly orders: readonly OrderId[]; readonly leftOut: number }> {
  let leftOut = 0;
  const orders: OrderId[] = [];
  const pages = pagesOf(async (paging) => {
    const page = await exchange.call("listOpenOrderIds", { ...paging, limit: PAGE }, { fresh: true, signal });
    leftOut += page.left_out;
    return page;
  });
  for await (const page of pages) orders.push(...page);
  return { orders, leftOut };
}

/**
 * The account's orders that were created since a time by the exchange's clock, by client order id. The lists may lag: an
 * order that they contain exists, one that they lack may too.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
export async function listOrdersSince(
  { exchange, signal }: Pick<ExecutorParts, "exchange" | "signal">,
  since: number,
): Promise<ReadonlyMap<string, ExchangeOrder>> {
  const listed = new Map<string, ExchangeOrder>();
  // An order that ends meanwhile is in the second list.
  for (const closed of [false, true]) {
    const read = (paging: Paging) =>
      exchange.call("listOrders", { ...paging, closed, limit: PAGE }, { fresh: true, signal });
    for await (const orders of pagesOf(read, since)) {
      for (const order of orders) listed.set(order.client_order_id, order);
    }
  }
  return listed;
}

interface Paging {
  readonly created_before?: number;
}

/**
 * A list of orders page by page, each order once; its cursor is exclusive, and orders may share a millisecond.
 */
async function* pagesOf<Row extends OrderId>(
  read: (paging: Paging) => Promise<{ readonly orders: readonly Row[]; readonly left_out: number }>,
  since: number = 0,
): AsyncGenerator<readonly Row[]> {
  const known = new Set<string>();
  let before: number | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { orders: rows, left_out } = await read(before === undefined ? {} : { created_before: before });
    const found = rows.filter(({ order_id }) => !known.has(order_id));
    for (const { order_id } of rows) known.add(order_id);
    yield found;
    if (rows.length + left_out < PAGE || found.length === 0) return;
    const times = rows.map(({ creation_timestamp }) => creation_timestamp).filter((time) => time > 0);
    if (times.length === 0) return;
    before = Math.min(...times) + 1;
    if (before <= since) return;
  }
}

/**
 * Finds open placements that have become final and records their fills. Returns how many; also 0 when the exchange
 * cannot be reached.
 */
export async function refreshOpenOrders(
  parts: ExecutorParts,
  { identity = parts.scope.identity }: { readonly identity?: string | undefined } = {},
): Promise<number> {
  try {
    const ours = await allPlacements((after) => parts.journal.open({ ...parts.scope, identity }, after));
    if (ours.length === 0) return 0;
    const open = await openIds(parts);
    const gone = ours.filter(({ orderId }) => orderId !== null && !open.has(orderId));
    return gone.length === 0 ? 0 : await closeFinal(parts, gone);
  } catch (error) {
    if (error instanceof ExchangeError) return 0;
    throw error;
  }
}

/** An order is final only when the exchange says so of the order itself: a lagging list lacks the newest. */
async function closeFinal(parts: ExecutorParts, gone: readonly Placement[]): Promise<number> {
  const closed = new Map<string, ExchangeOrder>();
  if (gone.length > 1) {
    const { orders } = await parts.exchange.call("listOrders", { closed: true, limit: PAGE }, {
      fresh: true,
      signal: parts.signal,
    });
    for (const order of orders) closed.set(order.order_id, order);
  }
  const isListed = ({ orderId }: Placement): boolean => closed.has(orderId ?? "");
  const listed = await Promise.all(
    gone.filter(isListed).map((placement) => closeOne(parts, placement, closed.get(placement.orderId ?? ""))),
  );
  const single = await inParallel(gone.filter((placement) => !isListed(placement)).slice(0, MAX_SINGLE_LOOKS), {
    atOnce: 4,
    work: async (placement) => {
      const look = await lookUp(parts, { orderId: placement.orderId ?? "" });
      if (look.kind === "absent") return await closeForgotten(parts, placement);
      return await closeOne(parts, placement, look.kind === "found" ? look.order : undefined);
    },
  });
  return [...listed, ...single].filter((isClosed) => isClosed).length;
}

/** The exchange used to know the order and no longer does: its last fills are in earlier rows, if anywhere. */
async function closeForgotten(
  { journal, now, pendingWrites }: ExecutorParts,
  { clientOrderId, settledAt }: Placement,
): Promise<boolean> {
  const at = now();
  if (at - (settledAt ?? at) < FORGOTTEN_MS) return false;
  await pendingWrites.write(() => journal.close(clientOrderId, { base: "0", counter: "0", status: "not_found" }, at));
  return true;
}

async function closeOne(
  parts: ExecutorParts,
  placement: Placement,
  order: ExchangeOrder | undefined,
): Promise<boolean> {
  return order !== undefined && await closeIfFinal(parts, placement, order);
}

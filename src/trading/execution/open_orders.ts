/** The exchange's open orders, and what became of ours that are no longer among them. */

import { ExchangeError } from "../../exchange/errors.ts";
import { finalStandingOf, type StandingFacts } from "../../exchange/order_standing.ts";
import type { Order as ExchangeOrder, OrderId } from "../../exchange/schemas.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { inParallel } from "../../timing/in_parallel.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { lookUp } from "./reconcile.ts";

/** From when on an order that was placed and is not found is one that the exchange has forgotten. */
export const FORGOTTEN_MS = 600_000;

const PAGE = 1_000;
const MAX_PAGES = 20;

/** Orders that are looked up one by one in one round; the lists tell of all others. */
const MAX_SINGLE_LOOKS = 20;

/** How a final order ended: all of it traded, stopped by its owner, or ended early by the exchange. */
export type Ending = "filled" | "cancelled" | "ended";

/** How an order ended; `undefined` unless it is final. */
export function endingOf(order: StandingFacts): Ending | undefined {
  const standing = finalStandingOf(order);
  return standing === "expired" ? "ended" : standing;
}

/** Writes the final fills of one of our placements; nothing while the order lives or when that is known already. */
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
 * All open orders of the account, newest first. The list may trail the truth.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
async function listOpenOrders(
  { exchange, signal }: Pick<ExecutorParts, "exchange" | "signal">,
): Promise<ExchangeOrder[]> {
  return await readPages((paging) => exchange.call("listOrders", { ...paging, limit: PAGE }, { fresh: true, signal }));
}

/**
 * The ids of all open orders of the account, newest first, with their pairs; rows that cannot be read otherwise too.
 * `leftOut` counts those of which not even the id can be read.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
export async function listOpenOrderIds(
  { exchange, signal }: Pick<ExecutorParts, "exchange" | "signal">,
): Promise<{ readonly orders: readonly OrderId[]; readonly leftOut: number }> {
  let leftOut = 0;
  const orders = await readPages(async (paging) => {
    const page = await exchange.call("listOpenOrderIds", { ...paging, limit: PAGE }, { fresh: true, signal });
    leftOut += page.left_out;
    return page;
  });
  return { orders, leftOut };
}

/** Reads a list of orders page by page; its cursor is exclusive, and orders may share a millisecond. */
async function readPages<Row extends OrderId>(
  read: (
    paging: { readonly created_before?: number },
  ) => Promise<{ readonly orders: readonly Row[]; readonly left_out: number }>,
): Promise<Row[]> {
  const found = new Map<string, Row>();
  let before: number | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { orders: rows, left_out } = await read(before === undefined ? {} : { created_before: before });
    const known = found.size;
    for (const row of rows) found.set(row.order_id, row);
    if (rows.length + left_out < PAGE || found.size === known) break;
    const times = rows.map(({ creation_timestamp }) => creation_timestamp).filter((time) => time > 0);
    if (times.length === 0) break;
    before = Math.min(...times) + 1;
  }
  return [...found.values()];
}

/**
 * Looks which of our open placements are final by now and writes their fills into the journal. Answers how many; 0 as
 * well when the exchange cannot be asked.
 */
export async function refreshOpenOrders(
  parts: ExecutorParts,
  { identity = parts.scope.identity }: { readonly identity?: string | undefined } = {},
): Promise<number> {
  try {
    const ours = await parts.journal.open({ ...parts.scope, identity });
    if (ours.length === 0) return 0;
    const listed = await listOpenOrders(parts);
    const open = new Set(listed.filter((order) => endingOf(order) === undefined).map(({ order_id }) => order_id));
    const gone = ours.filter(({ orderId }) => orderId !== null && !open.has(orderId));
    return gone.length === 0 ? 0 : await closeFinal(parts, gone);
  } catch (error) {
    if (error instanceof ExchangeError) return 0;
    throw error;
  }
}

/** An order is final only when the exchange says so of it: a list that trails misses the newest. */
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

/** The exchange knew the order and does not any more: what it traded last stands in the rows before, if anywhere. */
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

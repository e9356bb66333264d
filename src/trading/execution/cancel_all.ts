/**
 * Cancels everything that is open: orders in the exchange's list, orders that only this record knows, and orders in
 * flight that turn out to exist.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { namesPair } from "../../money/pair_names.ts";
import { cancelById, findTarget } from "./cancel.ts";
import { isEnded, mayLive, outOfSight } from "./cancel_result.ts";
import type { CancelResult, EndedOrder, OpenOrder } from "./cancel_result.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { inParallel } from "../../timing/in_parallel.ts";
import { listOpenOrderIds } from "./open_orders.ts";
import { allPlacements } from "../record/placement_pages.ts";

/** The outcomes of several cancellations. */
export interface CancelAllResult {
  readonly cancelled: readonly EndedOrder[];
  /** Filled, or ended by the exchange, before the cancellation arrived. */
  readonly ended: readonly EndedOrder[];
  readonly remaining: readonly OpenOrder[];
  /** `false` when the exchange's list could not be read: orders that are not in this record may remain. */
  readonly is_complete: boolean;
  /** Why the list could not be read, as a stable code. */
  readonly list_error?: ToolErrorCode;
}

/** Cancels all open orders of the account, or those of one pair, and reports which remain. */
export async function cancelAllOrders(
  parts: ExecutorParts,
  { pair, settled }: {
    /** As people write it: it is matched with the orders, so that no list of markets is needed. */
    readonly pair?: string | undefined;
    /** Resolves when orders in flight have been answered, or after a while. */
    readonly settled: () => Promise<unknown>;
  },
  identity: string,
): Promise<CancelAllResult> {
  const isWanted = (candidate: string): boolean => pair === undefined || namesPair(pair, candidate);
  const first = await openIds(parts, isWanted);
  const done = new Map<string, CancelResult>();
  await cancelEach(parts, first.ids, { identity, done });
  await settled();
  const lost = await findLost(parts, isWanted);
  const second = await openIds(parts, isWanted);
  const rest = [...lost.ids, ...second.ids].filter((id) => !done.has(id));
  await cancelEach(parts, rest, { identity, done });
  const listed = new Set([...first.listed, ...second.listed]);
  // An order that the exchange has listed as open cannot be unknown to it.
  const seen = [...done].map(([id, result]) =>
    result.status === "not_found" && listed.has(id) ? outOfSight(id) : result
  );
  const results = [...seen, ...lost.unknown];
  const ended = results.filter(isEnded);
  return {
    cancelled: ended.filter(({ status }) => status === "cancelled"),
    ended: ended.filter(({ status }) => status !== "cancelled"),
    remaining: results.filter(mayLive),
    is_complete: second.isListed,
    ...(second.failure === undefined ? {} : { list_error: second.failure }),
  };
}

async function cancelEach(
  parts: ExecutorParts,
  ids: readonly string[],
  { identity, done }: { readonly identity: string; readonly done: Map<string, CancelResult> },
): Promise<void> {
  const work = async (id: string): Promise<void> => {
    done.set(id, await cancelById(parts, { orderId: id, identity }).catch((error) => openResult(id, error)));
  };
  await inParallel([...new Set(ids)], { atOnce: 4, work });
}

/** The exchange's list may lack the newest orders, and the journal has only ours. */
async function openIds(
  parts: ExecutorParts,
  isWanted: (pair: string) => boolean,
): Promise<{ ids: string[]; listed: readonly string[]; isListed: boolean; failure?: ToolErrorCode }> {
  const { journal, pendingWrites, scope } = parts;
  const ours = await pendingWrites.attempt(() => allPlacements((after) => journal.open(scope, after))) ?? [];
  const ids = ours.filter(({ order }) => isWanted(order.pair)).flatMap(({ orderId }) => orderId ?? []);
  try {
    const { orders, leftOut } = await listOpenOrderIds(parts);
    const wanted = orders.filter(({ pair }) => isWanted(pair)).map(({ order_id }) => order_id);
    // An order whose pair is unreadable may be one of those to cancel.
    const isListed = leftOut === 0 && orders.every(({ pair }) => pair !== "" || isWanted(pair));
    return { ids: [...new Set([...wanted, ...ids])], listed: wanted, isListed };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return { ids, listed: [], isListed: false, failure: error.code };
  }
}

/** Placements of unknown outcome: those that turn out to exist, and those that may. */
async function findLost(
  parts: ExecutorParts,
  isWanted: (pair: string) => boolean,
): Promise<{ ids: string[]; unknown: OpenOrder[] }> {
  const { journal, pendingWrites, scope } = parts;
  const unsettled = await pendingWrites.attempt(() => allPlacements((after) => journal.unsettled(scope, after))) ?? [];
  const lost = unsettled.filter(({ state, order }) => state !== "intent" && isWanted(order.pair));
  const looks = await inParallel(lost, {
    atOnce: 4,
    work: async (placement) => {
      const { clientOrderId } = placement;
      const found = await findTarget(parts, { clientOrderId }, placement);
      if (typeof found === "string") await notePlaced(parts, { clientOrderId, orderId: found });
      return found;
    },
  });
  return {
    ids: looks.filter((look) => typeof look === "string"),
    unknown: looks.filter((look) => typeof look !== "string").filter(mayLive),
  };
}

/** Records orders that turned out to exist. */
async function notePlaced(
  { journal, now, pendingWrites }: ExecutorParts,
  { clientOrderId, orderId }: { readonly clientOrderId: string; readonly orderId: string },
): Promise<void> {
  const at = now();
  await pendingWrites.write(() => journal.settle(clientOrderId, { state: "placed", orderId }, at));
}

function openResult(orderId: string, error: unknown): OpenOrder {
  if (!(error instanceof ExchangeError)) throw error;
  return { status: "open", order_id: orderId, reason: error.code, message: error.message };
}

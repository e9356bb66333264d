/**
 * Cancels orders and waits until each is final: a cancellation that was accepted may still lose against a fill. Reducing
 * risk is always tried: neither a policy, nor the kill switch, nor a record that cannot be written stands in its way.
 */

import { ExchangeError } from "../../exchange/errors.ts";
import type { ExchangeErrorCode } from "../../exchange/errors.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { standingOf } from "../../exchange/order_standing.ts";
import { namesPair } from "../../money/pair_names.ts";
import type { Order as ExchangeOrder } from "../../exchange/schemas.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { inParallel } from "./in_parallel.ts";
import type { Placement } from "../record/journal.ts";
import { closeIfFinal, type Ending, endingOf, listOpenOrderIds } from "./open_orders.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import type { OrderReference } from "../orders/order.ts";
import { lookUp, READ_LAG_MS, slept } from "./reconcile.ts";
import type { Look } from "./reconcile.ts";

/** For how long an order is watched until it is final, in milliseconds. */
const PATIENCE_MS = 15_000;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_500;

/** A cancellation may be lost like everything else; sending it again is safe. */
const LOOKS_PER_STOP = 3;

/** An order that is final, and how it ended: by a cancellation, filled before it, or ended by the exchange. */
export interface EndedOrder {
  readonly status: Ending;
  readonly order_id: string;
  readonly client_order_id?: string;
  readonly pair: string;
  readonly side: "BUY" | "SELL";
  /** What was traded in all. */
  readonly filled_volume: string;
  readonly filled_value: string;
  readonly fee_base: string;
  readonly fee_counter: string;
  /** Base that was never traded; absent for a market order to buy. */
  readonly unfilled_volume?: string;
}

/**
 * The order may still be alive: it was not seen final in time, whether it exists is not known, or (`unknown`) the
 * exchange has it in a status that is not documented.
 */
export interface OpenOrder {
  readonly status: "open" | "unknown";
  readonly order_id?: string;
  readonly client_order_id?: string;
  readonly reason: string;
  readonly message: string;
}

/** There is no such order. */
export interface MissingOrder {
  readonly status: "not_found";
  readonly order_id?: string;
  readonly client_order_id?: string;
  readonly message: string;
}

/** What became of one cancellation. */
export type CancelResult = EndedOrder | OpenOrder | MissingOrder;

/** What became of many. */
export interface CancelAllResult {
  readonly cancelled: readonly EndedOrder[];
  /** Filled, or ended by the exchange, before the cancellation arrived. */
  readonly ended: readonly EndedOrder[];
  readonly remaining: readonly OpenOrder[];
  /** `false` when the exchange's list could not be read: orders that this record does not know may remain. */
  readonly is_complete: boolean;
  /** Why the list could not be read, as a stable code. */
  readonly list_error?: string;
}

/** Refusals that a further attempt cannot change. */
const HOPELESS: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_CREDENTIALS_MISSING",
  "ERR_CREDENTIALS_REFUSED",
  "ERR_PERMISSION_MISSING",
  "ERR_FORBIDDEN",
  "ERR_ARGUMENT_REFUSED",
]);

/**
 * Cancels one order and waits until it is final.
 *
 * @throws {ExchangeError} when the exchange will not let this key cancel, or the id is malformed
 */
export async function cancelOrder(
  parts: ExecutorParts,
  target: OrderReference,
  identity: string,
): Promise<CancelResult> {
  const found = await findTarget(parts, target);
  if (typeof found !== "string") return found;
  return await cancelById(parts, found, identity);
}

/** Cancels all open orders of the account, or those of one pair, and tells which remain. */
export async function cancelAllOrders(
  parts: ExecutorParts,
  { pair, settled }: {
    /** As people write it: orders are matched against it, so that no list of markets is needed. */
    readonly pair?: string | undefined;
    /** Resolves when orders that are on their way have arrived, or after a while. */
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
  const results = [...done.values(), ...lost.unknown];
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
    done.set(id, await cancelById(parts, id, identity).catch((error) => openResult(id, error)));
  };
  await inParallel([...new Set(ids)], { atOnce: 4, work });
}

/** The exchange's list may miss the newest orders, and the journal knows only ours. */
async function openIds(
  parts: ExecutorParts,
  isWanted: (pair: string) => boolean,
): Promise<{ ids: string[]; isListed: boolean; failure?: string }> {
  const ours = parts.pendingWrites.attempt(() => parts.journal.open(undefined, parts.paper)) ?? [];
  const ids = ours.filter(({ order }) => isWanted(order.pair)).flatMap(({ orderId }) => orderId ?? []);
  try {
    const { orders, leftOut } = await listOpenOrderIds(parts);
    const wanted = orders.filter(({ pair }) => isWanted(pair)).map(({ order_id }) => order_id);
    // An order whose pair cannot be read may be one of those that are wanted.
    const isListed = leftOut === 0 && orders.every(({ pair }) => pair !== "" || isWanted(pair));
    return { ids: [...new Set([...wanted, ...ids])], isListed };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return { ids, isListed: false, failure: error.code };
  }
}

/** Placements whose outcome is not known: those that exist by now, and those that may. */
async function findLost(
  parts: ExecutorParts,
  isWanted: (pair: string) => boolean,
): Promise<{ ids: string[]; unknown: OpenOrder[] }> {
  const lost = (parts.pendingWrites.attempt(() => parts.journal.unsettled()) ?? []).filter(({ paper, state, order }) =>
    paper === parts.paper && state !== "intent" && isWanted(order.pair)
  );
  const looks = await inParallel(lost, {
    atOnce: 4,
    work: async ({ clientOrderId }) => {
      const found = await findTarget(parts, { clientOrderId });
      if (typeof found === "string") notePlaced(parts, { clientOrderId, orderId: found });
      return found;
    },
  });
  return {
    ids: looks.filter((look) => typeof look === "string"),
    unknown: looks.filter((look) => typeof look !== "string").filter(mayLive),
  };
}

/** What was found out on the way is nobody's doubt any more. */
function notePlaced(
  { journal, now, pendingWrites }: ExecutorParts,
  { clientOrderId, orderId }: { readonly clientOrderId: string; readonly orderId: string },
): void {
  const at = now();
  pendingWrites.write(() => journal.settle(clientOrderId, { state: "placed", orderId }, at));
}

/** The exchange's id of the target, or why there is none. */
async function findTarget(parts: ExecutorParts, target: OrderReference): Promise<string | OpenOrder | MissingOrder> {
  if ("orderId" in target) return target.orderId;
  const { clientOrderId } = target;
  const placement = parts.pendingWrites.attempt(() => parts.journal.find(clientOrderId));
  if (placement?.orderId) return placement.orderId;
  const look = await lookUp(parts, { clientOrderId }, { priority: "cancel" });
  if (look.kind === "found") return look.order.order_id;
  const listed = look.kind === "failed" ? await findAmongOpen(parts, clientOrderId) : undefined;
  if (listed !== undefined) return listed;
  const isSettled = placement === undefined || placement.state === "not_placed";
  if (look.kind === "absent" && isSettled) {
    return { status: "not_found", client_order_id: clientOrderId, message: noSuchOrder() };
  }
  return {
    status: "open",
    client_order_id: clientOrderId,
    reason: look.kind === "failed" ? look.error.code : "ERR_OUTCOME_UNKNOWN",
    message: "Cannot cancel the order as whether it exists is not known yet: try again",
  };
}

/** The exchange's id of an open order; `undefined` also when the list cannot be read. */
async function findAmongOpen(parts: ExecutorParts, clientOrderId: string): Promise<string | undefined> {
  try {
    const { orders } = await listOpenOrderIds(parts);
    return orders.find(({ client_order_id }) => client_order_id === clientOrderId)?.order_id;
  } catch (error) {
    if (error instanceof ExchangeError) return undefined;
    throw error;
  }
}

async function cancelById(parts: ExecutorParts, orderId: string, identity: string): Promise<CancelResult> {
  const { audit, journal, now, pendingWrites } = parts;
  const placement = pendingWrites.attempt(() => journal.findByOrderId(orderId));
  const subject = { identity, orderId, clientOrderId: placement?.clientOrderId ?? null };
  const note = (data: Record<string, unknown>): void => {
    const at = now();
    pendingWrites.write(() => audit.record({ event: "cancel", ...subject, data }, at));
  };
  note({ asked: true });
  const result = await stopUntilFinal(parts, orderId).catch((error) => {
    note({ status: "refused", reason: error instanceof ExchangeError ? error.code : "ERR_INTERNAL" });
    throw error;
  });
  if ("order" in result) {
    if (placement !== undefined) closeIfFinal(parts, placement, result.order);
    const { order, ending } = result;
    note({ status: ending, base: order.base, counter: order.counter });
    return endedOrder(order, { ending, placement });
  }
  note({ status: result.status });
  return { ...result, ...(placement === undefined ? {} : { client_order_id: placement.clientOrderId }) };
}

/** Sends the cancellation, looks, and sends it again as long as the order is seen alive. */
async function stopUntilFinal(
  parts: ExecutorParts,
  orderId: string,
): Promise<{ readonly order: ExchangeOrder; readonly ending: Ending } | OpenOrder | MissingOrder> {
  const { monotonic, random } = parts;
  const startedAt = monotonic();
  let absentSince: number | undefined;
  let unknownSince: number | undefined;
  let reason = "ERR_NOT_FINAL";
  for (let attempt = 1; !parts.signal.aborted; attempt++) {
    if (attempt % LOOKS_PER_STOP === 1) await sendStop(parts, orderId, attempt === 1);
    const look = await lookAtTarget(parts, orderId, attempt);
    if (look.kind === "found") {
      const ending = endingOf(look.order);
      if (ending !== undefined) return { order: look.order, ending };
      absentSince = undefined;
      unknownSince = standingOf(look.order) === "unknown" ? unknownSince ?? monotonic() : undefined;
      if (unknownSince !== undefined && monotonic() - unknownSince > READ_LAG_MS) return unknownStanding(orderId);
    }
    if (look.kind === "failed") reason = look.error.code;
    if (look.kind === "absent") {
      absentSince ??= monotonic();
      if (monotonic() - absentSince > READ_LAG_MS) {
        return { status: "not_found", order_id: orderId, message: noSuchOrder() };
      }
    }
    const pause = pauseAfter(attempt, { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS, random, certain: 0.5 });
    if (monotonic() + pause - startedAt >= PATIENCE_MS || !await slept(parts, pause)) break;
  }
  return stillOpen(orderId, reason);
}

/** Looks at the order, or where it cannot be read alone, for it among the latest closed ones. */
async function lookAtTarget(parts: ExecutorParts, orderId: string, attempt: number): Promise<Look> {
  const look = await lookUp(parts, { orderId }, { priority: "cancel" });
  if (look.kind !== "failed" || attempt % LOOKS_PER_STOP !== 1) return look;
  try {
    const closed = { closed: true, limit: 1_000 };
    const options = { fresh: true, signal: parts.signal, priority: "cancel" } as const;
    const { orders } = await parts.exchange.call("listOrders", closed, options);
    const order = orders.find(({ order_id }) => order_id === orderId);
    return order === undefined ? look : { kind: "found", order };
  } catch (error) {
    if (error instanceof ExchangeError) return look;
    throw error;
  }
}

async function sendStop({ exchange }: ExecutorParts, orderId: string, isFirst: boolean): Promise<void> {
  try {
    await exchange.call("stopOrder", { order_id: orderId });
  } catch (error) {
    // Whether it was lost, came too late or was not let through: looking at the order tells.
    if (!(error instanceof ExchangeError) || isFirst && HOPELESS.has(error.code)) throw error;
  }
}

/** A final order as callers are told of it. */
export function endedOrder(
  order: ExchangeOrder,
  { ending, placement }: { readonly ending: Ending; readonly placement: Placement | undefined },
): EndedOrder {
  const clientOrderId = placement?.clientOrderId ?? order.client_order_id;
  const wanted = parseDecimal(order.limit_volume);
  const unfilled = formatDecimal(wanted.minus(parseDecimal(order.base)));
  return {
    status: ending,
    order_id: order.order_id,
    ...(clientOrderId === "" ? {} : { client_order_id: clientOrderId }),
    pair: order.pair,
    side: order.side,
    filled_volume: order.base,
    filled_value: order.counter,
    fee_base: order.fee_base,
    fee_counter: order.fee_counter,
    ...(wanted.eq(0) ? {} : { unfilled_volume: unfilled }),
  };
}

function openResult(orderId: string, error: unknown): OpenOrder {
  if (!(error instanceof ExchangeError)) throw error;
  return { status: "open", order_id: orderId, reason: error.code, message: error.message };
}

function stillOpen(orderId: string, reason: string): OpenOrder {
  const message = `Cannot say that order ${orderId} is cancelled as it was not seen final in time: ask again`;
  return { status: "open", order_id: orderId, reason, message };
}

function unknownStanding(orderId: string): OpenOrder {
  return {
    status: "unknown",
    order_id: orderId,
    reason: "ERR_STATUS_UNKNOWN",
    message:
      `Cannot say that order ${orderId} is cancelled as the exchange has it in a status that is not known here: ` +
      "the cancellation was sent, look at the order later",
  };
}

/** Tells whether an order is final. */
export function isEnded(result: CancelResult): result is EndedOrder {
  return !mayLive(result) && result.status !== "not_found";
}

/** Tells whether an order may still be alive. */
function mayLive(result: CancelResult): result is OpenOrder {
  return result.status === "open" || result.status === "unknown";
}

function noSuchOrder(): string {
  return "Cannot cancel the order as the exchange knows none of this id: check the id";
}

/**
 * Cancels an order and waits until it is final: an accepted cancellation may still lose against a fill. Cancelling is
 * always attempted: neither a policy, nor a halt, nor an unwritable record prevents it.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { ExchangeErrorCode } from "../../exchange/errors.ts";
import { standingOf } from "../../exchange/order_standing.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import type { OrderReference } from "../orders/order.ts";
import { endedOrder, noSuchOrder, outOfSight, stillOpen, unknownStanding } from "./cancel_result.ts";
import type { CancelResult, MissingOrder, OpenOrder } from "./cancel_result.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { closeIfFinal, type Ending, endingOf, FORGOTTEN_MS, listOpenOrderIds } from "./open_orders.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { lookUp, READ_LAG_MS, slept } from "./reconcile.ts";
import type { Look } from "./reconcile.ts";

/** How long to wait for an order to become final, in milliseconds. */
const PATIENCE_MS = 15_000;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_500;

/** A cancellation may be lost; sending it again is safe. */
const LOOKS_PER_STOP = 3;

/** Refusals that retrying does not change. */
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
 * @throws {ExchangeError} when the exchange does not let this key cancel, or the id is malformed
 */
export async function cancelOrder(
  parts: ExecutorParts,
  target: OrderReference,
  identity: string,
): Promise<CancelResult> {
  const found = await findTarget(parts, target);
  if (typeof found !== "string") return found;
  return await cancelById(parts, { orderId: found, identity });
}

/**
 * The exchange's id of the target, or why there is none.
 *
 * @param known its placement; read when absent
 * @throws {ExchangeError} when the exchange does not let this key look up an order that was not placed from here, or the
 * id is malformed
 */
export async function findTarget(
  parts: ExecutorParts,
  target: OrderReference,
  known?: Placement,
): Promise<string | OpenOrder | MissingOrder> {
  if ("orderId" in target) return target.orderId;
  const { clientOrderId } = target;
  const placement = known ?? await parts.pendingWrites.attempt(() => parts.journal.find(clientOrderId));
  if (placement?.orderId) return placement.orderId;
  const look = await lookForTarget(parts, clientOrderId, { isOurs: placement !== undefined });
  if (look.kind === "found") return look.order.order_id;
  const listed = look.kind === "failed" ? await findAmongOpen(parts, clientOrderId) : undefined;
  if (listed !== undefined) return listed;
  if (look.kind === "failed" && placement === undefined && HOPELESS.has(look.error.code)) throw look.error;
  const isSettled = placement === undefined || placement.state === "not_placed";
  if (look.kind === "absent" && isSettled && !parts.signal.aborted) {
    return { status: "not_found", client_order_id: clientOrderId, message: noSuchOrder() };
  }
  return {
    status: "open",
    client_order_id: clientOrderId,
    reason: look.kind === "failed" ? look.error.code : "ERR_OUTCOME_UNKNOWN",
    message: "Cannot cancel the order as whether it exists is not known yet: try again",
  };
}

/**
 * Looks up an order by its client order id. The journal has the outcome of our own; another one may be so new that
 * reads do not show it yet, and is looked up until they must.
 */
async function lookForTarget(
  parts: ExecutorParts,
  clientOrderId: string,
  { isOurs }: { readonly isOurs: boolean },
): Promise<Look> {
  const startedAt = parts.monotonic();
  for (let attempt = 1;; attempt++) {
    const askedAt = parts.monotonic();
    const look = await lookUp(parts, { clientOrderId }, { priority: "cancel" });
    if (isOurs || look.kind !== "absent" || askedAt - startedAt > READ_LAG_MS) return look;
    if (!await slept(parts, pauseBetweenLooks(parts, attempt))) return look;
  }
}

/** The exchange's id of an open order; also `undefined` when the list cannot be read. */
async function findAmongOpen(parts: ExecutorParts, clientOrderId: string): Promise<string | undefined> {
  try {
    const { orders } = await listOpenOrderIds(parts);
    return orders.find(({ client_order_id }) => client_order_id === clientOrderId)?.order_id;
  } catch (error) {
    if (error instanceof ExchangeError) return undefined;
    throw error;
  }
}

/** Cancels an order by the exchange's id and waits until it is final; the audit records both. */
export async function cancelById(
  parts: ExecutorParts,
  { orderId, identity }: { readonly orderId: string; readonly identity: string },
): Promise<CancelResult> {
  const { audit, journal, now, pendingWrites, scope: { account, venue } } = parts;
  // The cancellation waits for neither of these.
  const known = pendingWrites.attempt(() => journal.findByOrderId(orderId, { account, venue }));
  const note = async (data: Record<string, unknown>): Promise<void> => {
    const at = now();
    const clientOrderId = (await known)?.clientOrderId ?? null;
    const event = { event: "cancel", identity, orderId, clientOrderId, account, venue, data } as const;
    await pendingWrites.write(() => audit.record(event, at));
  };
  const asked = note({ asked: true });
  const result = await stopUntilFinal(parts, orderId).catch(async (error) => {
    await note({ status: "refused", reason: error instanceof ExchangeError ? error.code : "ERR_INTERNAL" });
    throw error;
  });
  await asked;
  const placement = await known;
  if ("order" in result) {
    if (placement !== undefined) await closeIfFinal(parts, placement, result.order);
    const { order, ending } = result;
    await note({ status: ending, base: order.base, counter: order.counter });
    return endedOrder(order, { ending, placement });
  }
  const told = result.status === "not_found" && placement !== undefined && isExpected(placement, now())
    ? outOfSight(orderId)
    : result;
  await note({ status: told.status });
  return { ...told, ...(placement === undefined ? {} : { client_order_id: placement.clientOrderId }) };
}

/** Whether the exchange accepted an order and cannot have dropped it from its history yet. */
function isExpected({ isOpen, settledAt }: Placement, at: number): boolean {
  return isOpen && settledAt !== null && at - settledAt < FORGOTTEN_MS;
}

/** Sends the cancellation, looks the order up, and repeats both while the order is seen live. */
async function stopUntilFinal(
  parts: ExecutorParts,
  orderId: string,
): Promise<{ readonly order: ExchangeOrder; readonly ending: Ending } | OpenOrder | MissingOrder> {
  const { monotonic } = parts;
  using wait = parts.wakes.wait(orderId);
  const startedAt = monotonic();
  let absentSince: number | undefined;
  let unknownSince: number | undefined;
  let reason: ToolErrorCode = "ERR_NOT_FINAL";
  for (let attempt = 1; !parts.signal.aborted; attempt++) {
    if (attempt % LOOKS_PER_STOP === 1) await sendStop(parts, orderId, { isFirst: attempt === 1 });
    // The exchange may have taken the reading at any time since the request.
    const askedAt = monotonic();
    const look = await lookAtTarget(parts, orderId, attempt);
    if (look.kind === "found") {
      const ending = endingOf(look.order);
      if (ending !== undefined) return { order: look.order, ending };
      absentSince = undefined;
      unknownSince = standingOf(look.order) === "unknown" ? unknownSince ?? askedAt : undefined;
      if (unknownSince !== undefined && askedAt - unknownSince > READ_LAG_MS) return unknownStanding(orderId);
    }
    if (look.kind === "failed") reason = look.error.code;
    if (look.kind === "absent") {
      absentSince ??= askedAt;
      if (askedAt - absentSince > READ_LAG_MS) {
        return { status: "not_found", order_id: orderId, message: noSuchOrder() };
      }
    }
    const pause = pauseBetweenLooks(parts, attempt);
    if (monotonic() + pause - startedAt >= PATIENCE_MS || !await wait.slept(parts, pause)) break;
  }
  return stillOpen(orderId, reason);
}

/** In milliseconds. */
function pauseBetweenLooks({ random }: Pick<ExecutorParts, "random">, attempt: number): number {
  return pauseAfter(attempt, { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS, random, certain: 0.5 });
}

/** Looks up the order, or finds it among the latest closed ones when it cannot be read by itself. */
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

/** Sends the cancellation. An error that no repetition can change is thrown only for the first one. */
async function sendStop(
  { exchange }: ExecutorParts,
  orderId: string,
  { isFirst }: { readonly isFirst: boolean },
): Promise<void> {
  try {
    await exchange.call("stopOrder", { order_id: orderId });
  } catch (error) {
    // Whether it was lost, too late or refused: looking up the order tells.
    if (!(error instanceof ExchangeError) || isFirst && HOPELESS.has(error.code)) throw error;
  }
}

/** Reads orders that were placed here a moment ago, which the exchange may not show yet. */

import { ExchangeError } from "../../exchange/errors.ts";
import type { Sleep } from "../../timing/sleep.ts";
import type { Journal } from "../record/journal.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { StoreError } from "../record/store_error.ts";
import type { OrderReference } from "./order.ts";
import { TradingError } from "./trading_error.ts";

/** Pauses before the order is asked for again. */
const PAUSES_MS = [200, 500, 1_000, 1_500];

/** How long an order counts as new. */
const NEW_MS = 10_000;

/** When to ask again. */
const ASK_AGAIN_MS = 2_000;

/** How long after its placement the exchange certainly remembers an order that is not known to be final. */
const REMEMBERED_MS = 600_000;

/** Parts of such a read. */
export interface NewOrderParts {
  readonly journal: Pick<Journal, "find" | "findByOrderId">;
  /** Wall milliseconds. */
  readonly now: () => number;
  readonly sleep: Sleep;
}

/**
 * The result of `read` for an order; while the exchange knows none and the order is new, the read is repeated for about
 * 3 s. An order that may exist is never reported as absent, as that could lead to a second one.
 *
 * @throws {ExchangeError} as `read` does
 * @throws {TradingError} `ERR_OUTCOME_UNKNOWN` when the exchange knows no such order, and it was sent from here
 */
export async function readNewOrder<Answer>(
  parts: NewOrderParts,
  { target, read, signal }: {
    readonly target: OrderReference;
    readonly read: () => Promise<Answer>;
    readonly signal: AbortSignal;
  },
): Promise<Answer> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await read();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const placement = await placementOf(parts, target);
      const isNew = placement?.state === "placed" && isRecent(placement, parts.now(), NEW_MS);
      if (signal.aborted || !isNew) throw doubtOf(placement, parts.now()) ?? error;
    }
    await parts.sleep(pauseMs, signal).catch(() => {});
  }
  try {
    return await read();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw doubtOf(await placementOf(parts, target), parts.now()) ?? error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ExchangeError && error.code === "ERR_NOT_FOUND";
}

function isRecent({ settledAt }: Placement, at: number, forMs: number): boolean {
  return Math.abs(at - (settledAt ?? 0)) < forMs;
}

/** Why an order that the exchange does not know may exist. */
function doubtOf(placement: Placement | undefined, at: number): TradingError | undefined {
  if (placement === undefined || placement.state === "not_placed") return undefined;
  const { clientOrderId, isOpen, orderId, state } = placement;
  if (state !== "placed") {
    const message =
      `Whether order ${clientOrderId} was placed is not known yet, and it may exist: ask again, and place ` +
      "no other one before that";
    return new TradingError(message, { code: "ERR_OUTCOME_UNKNOWN", retryAfterMs: ASK_AGAIN_MS });
  }
  if (!isOpen || !isRecent(placement, at, REMEMBERED_MS)) return undefined;
  const message =
    `Cannot say how order ${orderId ?? clientOrderId} stands as the exchange, which took it, says now that ` +
    "it does not know it: ask again, and place no other one before that";
  return new TradingError(message, { code: "ERR_OUTCOME_UNKNOWN", retryAfterMs: ASK_AGAIN_MS });
}

async function placementOf({ journal }: NewOrderParts, target: OrderReference): Promise<Placement | undefined> {
  try {
    return "orderId" in target ? await journal.findByOrderId(target.orderId) : await journal.find(target.clientOrderId);
  } catch (error) {
    if (error instanceof StoreError) return undefined; // Reading works without a record.
    throw error;
  }
}

/** Reads of an order that was placed here a moment ago: the exchange may not show it yet. */

import { ExchangeError } from "../../exchange/errors.ts";
import type { Sleep } from "../../timing/sleep.ts";
import type { Journal } from "../record/journal.ts";
import { StoreError } from "../record/store_error.ts";
import type { OrderReference } from "./order.ts";

/** Pauses before the order is asked for again. */
const PAUSES_MS = [200, 500, 1_000, 1_500];

/** For how long after it was placed an order is new. */
const NEW_MS = 10_000;

/** What such a read stands on. */
export interface NewOrderParts {
  readonly journal: Pick<Journal, "find" | "findByOrderId">;
  /** Wall milliseconds. */
  readonly now: () => number;
  readonly sleep: Sleep;
}

/**
 * What `read` answers of an order; while the exchange knows none and the order is new, it is asked again for some 3 s.
 *
 * @throws {ExchangeError} as `read` does
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
      const isUnknown = error instanceof ExchangeError && error.code === "ERR_NOT_FOUND";
      if (!isUnknown || signal.aborted || !await isNew(parts, target)) throw error;
    }
    await parts.sleep(pauseMs, signal).catch(() => {});
  }
  return await read();
}

async function isNew({ journal, now }: NewOrderParts, target: OrderReference): Promise<boolean> {
  try {
    const placement = "orderId" in target
      ? await journal.findByOrderId(target.orderId)
      : await journal.find(target.clientOrderId);
    return placement?.state === "placed" && Math.abs(now() - (placement.settledAt ?? 0)) < NEW_MS;
  } catch (error) {
    if (error instanceof StoreError) return false; // Reading goes on without a record.
    throw error;
  }
}

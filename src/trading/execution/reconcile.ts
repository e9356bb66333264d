/**
 * Determines the outcome of an order whose answer was lost. It only reads; others record what it finds.
 *
 * An order exists as soon as one lookup finds it. It counts as absent only when it cannot be accepted any more: the
 * exchange drops a request that arrives after `timestamp + ttl` by its own clock, so two consecutive lookups must say
 * "not found" after that time plus a margin, as reads may lag.
 */

import type { Sleep } from "../../timing/sleep.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import type { ExchangeCallOptions } from "../../market/exchange_port.ts";
import type { ExchangeClock, TradingExchange } from "./exchange_clock.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import { LIKELY_ID } from "./likely_id.ts";
import { OrderWakes } from "./order_wakes.ts";

/** How far reads may lag, in milliseconds. */
export const READ_LAG_MS = 3_000;

/** How long a placement is looked up before its caller is told that the outcome is unknown. */
const PATIENCE_MS = 30_000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
const LOOKS_THAT_AGREE = 2;

/** The result of one lookup. */
export type Look =
  | { readonly kind: "found"; readonly order: ExchangeOrder }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly error: ExchangeError };

/** The final result. */
export type Finding =
  | { readonly kind: "found"; readonly order: ExchangeOrder }
  /** The exchange has confirmed that it exists, but it cannot be looked up. */
  | { readonly kind: "told"; readonly orderId: string }
  | { readonly kind: "absent" }
  | { readonly kind: "undecided" };

/** What lookups need. */
export interface LookParts {
  readonly exchange: TradingExchange;
  readonly clock: ExchangeClock;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly sleep: Sleep;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Ends all lookups. */
  readonly signal: AbortSignal;
  /**
   * Reports messages about orders.
   *
   * @default none
   */
  readonly wakes?: OrderWakes;
}

/** The order to look up, and when its absence counts. */
export interface Sought {
  readonly clientOrderId: string;
  /** The time, by the exchange's clock, after which "not found" counts; `null` when it never does. */
  readonly absentAfter: number | null;
  /** @default {30_000} */
  readonly patienceMs?: number | undefined;
}

/** Looks an order up once, by either of its ids. Only the exchange's own error code counts as absent. */
export async function lookUp(
  { exchange, signal }: Pick<LookParts, "exchange" | "signal">,
  id: { readonly clientOrderId: string } | { readonly orderId: string },
  /** `cancel` for a lookup that serves a cancellation. */
  options: Pick<ExchangeCallOptions, "priority"> = {},
): Promise<Look> {
  const params = "orderId" in id ? { id: id.orderId } : { client_order_id: id.clientOrderId };
  try {
    const order = await exchange.call("getOrder", params, { ...options, fresh: true, signal });
    return { kind: "found", order };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    // A bare 404 may come from a proxy.
    const isAbsent = error.code === "ERR_NOT_FOUND" && error.lunoCode === "ErrOrderNotFound";
    return isAbsent ? { kind: "absent" } : { kind: "failed", error };
  }
}

/** Looks an order up until its outcome is known, or until time is up. */
export async function reconcile(parts: LookParts, sought: Sought): Promise<Finding> {
  const { clock, monotonic, random, wakes = new OrderWakes() } = parts;
  using wait = wakes.wait(sought.clientOrderId);
  const endsAt = monotonic() + (sought.patienceMs ?? PATIENCE_MS);
  let agreeing = 0;
  for (let attempt = 1; !parts.signal.aborted; attempt++) {
    const look = await lookUp(parts, { clientOrderId: sought.clientOrderId });
    if (look.kind === "found") return look;
    if (wait.told !== undefined && LIKELY_ID.test(wait.told.orderId)) {
      return { kind: "told", orderId: wait.told.orderId };
    }
    const isLate = sought.absentAfter !== null && (clock.earliest() ?? 0) > sought.absentAfter;
    agreeing = look.kind === "absent" && isLate ? agreeing + 1 : 0;
    if (agreeing >= LOOKS_THAT_AGREE) return look.kind === "absent" ? look : { kind: "undecided" };
    const pause = pauseAfter(attempt, { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS, random, certain: 0.5 });
    if (monotonic() + pause >= endsAt) break;
    if (!await wait.slept(parts, pause)) break;
  }
  return { kind: "undecided" };
}

/** Waits; `false` when the signal ended the wait. */
export async function slept({ sleep, signal }: Pick<LookParts, "sleep" | "signal">, ms: number): Promise<boolean> {
  return !signal.aborted && await sleep(ms, signal).then(() => !signal.aborted, () => false);
}

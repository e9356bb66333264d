/** How far clocks are apart, as far as the exchange lets anybody know. */

import type { ClientStatus } from "./client.ts";

/**
 * A measured skew in milliseconds as it can be told: the exchange's `Date` has whole seconds, cut off, so that a clock
 * that agrees is measured from 999 ms behind to 0.
 */
export function tellableSkewMs(measuredMs: number): number {
  return Math.ceil(measuredMs / 1_000) * 1_000 + 0;
}

/** The client's status as it is shown: of the clock's reading only the skew. */
export function tellableStatus(
  { clock, ...status }: ClientStatus,
): Omit<ClientStatus, "clock"> & { readonly clockSkewMs: number | null } {
  return { ...status, clockSkewMs: clock === null ? null : tellableSkewMs(clock.skewMs) };
}

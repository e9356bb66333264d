/** The clock skew, as precisely as the exchange's headers allow. */

import type { ClientStatus } from "./client.ts";

/**
 * A measured skew in milliseconds, as it may be shown: the exchange's `Date` is truncated to whole seconds, so a clock
 * that agrees is measured from 999 ms behind to 0.
 */
export function tellableSkewMs(measuredMs: number): number {
  return Math.ceil(measuredMs / 1_000) * 1_000 + 0;
}

/** The client's status as it may be shown: of the clock reading only the skew. */
export function tellableStatus(
  { clock, ...status }: ClientStatus,
): Omit<ClientStatus, "clock"> & { readonly clockSkewMs: number | null } {
  return { ...status, clockSkewMs: clock === null ? null : tellableSkewMs(clock.skewMs) };
}

/** Running calls with an idempotency key, over all processes: one attempt per key at a time. */

import type { OrderVenue } from "../orders/trading_account.ts";

/** One call that is about to run. */
export interface CallClaim extends OrderVenue {
  readonly identity: string;
  readonly idempotencyKey: string;
  /** Canonical text of its request; `null` when it is not known here. */
  readonly asked: string | null;
  /** The process. */
  readonly instance: string;
  /** Unique among all calls. */
  readonly attempt: string;
}

/** `running`: another call for the same has the key; `other`: one with another request has it. */
export type CallClaiming = "claimed" | "running" | "other";

/** The keys in use. Every operation rejects with a `StoreError` when it fails. */
export interface CallClaims {
  /**
   * Claims a key for one call. Keys of ended processes are free.
   *
   * @param options `isHere`: whether a call with the key runs in this process; otherwise a key that this process holds
   * is free
   */
  claim(claim: CallClaim, options: { readonly isHere: boolean }): Promise<CallClaiming>;
  /** Releases the key: the call's result is in the journal. */
  release(attempt: string): Promise<void>;
  /** Releases the keys of ended processes. */
  clear(): Promise<void>;
}

/** The holder of a key. */
export interface CallHolder extends Pick<CallClaim, "asked" | "instance"> {
  /** Whether its process is live. */
  readonly isAlive: boolean;
}

/** The result of a claim; after `claimed` the key must be stored as this call's. */
export function callClaiming(
  { instance, asked }: CallClaim,
  holder: CallHolder | undefined,
  { isHere }: { readonly isHere: boolean },
): CallClaiming {
  const isHeld = holder !== undefined && (holder.instance === instance ? isHere : holder.isAlive);
  if (!isHeld) return "claimed";
  return holder.asked === null || asked === null || holder.asked === asked ? "running" : "other";
}

/** Calls with an idempotency key that are running, over all processes: each key in one attempt at a time. */

import type { OrderVenue } from "../orders/trading_account.ts";

/** One call that is about to run. */
export interface CallClaim extends OrderVenue {
  readonly identity: string;
  readonly idempotencyKey: string;
  /** What it asks for, in one form; `null` where that is not known here. */
  readonly asked: string | null;
  /** The process. */
  readonly instance: string;
  /** Unlike that of all other calls. */
  readonly attempt: string;
}

/** `running`: another call for the same has the key; `other`: one that asks for something else. */
export type CallClaiming = "claimed" | "running" | "other";

/** The keys that are in use. Every operation rejects with a `StoreError` where it cannot be done. */
export interface CallClaims {
  /**
   * Takes a key for one call. Keys of processes that have ended are free.
   *
   * @param options `isHere`: whether a call with the key runs in this process; one that this process holds is free else
   */
  claim(claim: CallClaim, options: { readonly isHere: boolean }): Promise<CallClaiming>;
  /** Gives the key back: what the call came to stands in the journal. */
  release(attempt: string): Promise<void>;
  /** Gives back the keys of processes that have ended. */
  clear(): Promise<void>;
}

/** Who has a key. */
export interface CallHolder extends Pick<CallClaim, "asked" | "instance"> {
  /** Whether its process lives. */
  readonly isAlive: boolean;
}

/** What a claim comes to; `claimed` where the key is to be written as the call's. */
export function callClaiming(
  { instance, asked }: CallClaim,
  holder: CallHolder | undefined,
  { isHere }: { readonly isHere: boolean },
): CallClaiming {
  const isHeld = holder !== undefined && (holder.instance === instance ? isHere : holder.isAlive);
  if (!isHeld) return "claimed";
  return holder.asked === null || asked === null || holder.asked === asked ? "running" : "other";
}

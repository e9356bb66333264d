/**
 * Orders that are being or were replaced, over all processes. A claim belongs to one attempt of one process: when the
 * process has ended or the attempt has given up, the same call continues from there, and another call may replace the
 * order while it is open. Once the new order is recorded, the claim is permanent.
 */

import type { Placement, ReplacementAttempt } from "./recorded_placement.ts";

/** One order to replace, and who replaces it. */
export interface ReplacementClaim extends ReplacementAttempt {
  readonly identity: string;
  readonly idempotencyKey: string | null;
  /** Canonical text of its caller's request. */
  readonly asked: string | null;
  /** What the same call needs to continue after an interruption; JSON of the claimant. */
  readonly terms: string | null;
  /** The process. */
  readonly instance: string;
}

/**
 * The result of a claim. `resumed`: the same call worked on it before and left something to continue; `taken`: another
 * call is working on it, or has placed the new order; `over`: no call is, and the order is final.
 */
export interface Claiming {
  readonly kind: "claimed" | "resumed" | "taken" | "over";
  /** Whether the order is final, according to the exchange or the record. */
  readonly isOver: boolean;
  /** The placement of the order, if it is one of this record's. */
  readonly placement: Placement | undefined;
}

/** What an interrupted call needs to continue. */
export interface UnfinishedReplacement {
  readonly orderId: string;
  /** Its request. */
  readonly asked: string | null;
  readonly terms: string;
  /** When the terms were made. */
  readonly claimedAt: number;
}

/** All claims. Every operation rejects with a `StoreError` when it fails. */
export interface ReplacementClaims {
  /**
   * Claims an order.
   *
   * @param options `isFinal`: whether the exchange says so of it; `now`: wall clock milliseconds
   */
  claim(
    claim: ReplacementClaim,
    options: { readonly isFinal: boolean; readonly now: number },
  ): Promise<Claiming>;
  /** What an interrupted call needs to continue. */
  unfinished(
    call: Pick<ReplacementClaim, "account" | "venue" | "identity"> & { readonly idempotencyKey: string },
  ): Promise<UnfinishedReplacement | undefined>;
  /** Ends an attempt. If nothing was cancelled the claim is removed; otherwise the same call may continue. */
  release(attempt: ReplacementAttempt, how: { readonly isUntouched: boolean }): Promise<void>;
}

/** An earlier claim of the same order. */
export interface EarlierClaim {
  readonly identity: string;
  readonly idempotencyKey: string | null;
  /** Whether the new order was recorded. */
  readonly isPlaced: boolean;
  /** Whether an attempt of a live process is working on it. */
  readonly isHeld: boolean;
}

/**
 * The result of a claim. `resumed` and `claimed` must be stored: the one as another attempt of the same claim, the
 * other in its place.
 */
export function replacementClaiming(
  { identity, idempotencyKey }: ReplacementClaim,
  { earlier, isFinal, placement }: {
    readonly earlier: EarlierClaim | undefined;
    readonly isFinal: boolean;
    readonly placement: Placement | undefined;
  },
): Claiming {
  // The record may know of the end before reads show it.
  const isOver = isFinal || placement?.isOpen === false;
  const isMine = earlier !== undefined && idempotencyKey !== null && earlier.idempotencyKey === idempotencyKey &&
    earlier.identity === identity;
  const isTaken = earlier !== undefined && (earlier.isPlaced || earlier.isHeld);
  const kind = isTaken ? "taken" : isMine ? "resumed" : isOver ? "over" : "claimed";
  return { kind, isOver, placement };
}

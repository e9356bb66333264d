/**
 * Orders that are being replaced or were, over all processes. A claim belongs to one attempt of one process: when the
 * process has ended or the attempt has given up, the same call goes on with what it had come to, and another one may
 * replace the order as long as it is open. Once the new order is written down, the claim stays for good.
 */

import type { Placement, ReplacementAttempt } from "./recorded_placement.ts";

/** One order to be replaced, by whom. */
export interface ReplacementClaim extends ReplacementAttempt {
  readonly identity: string;
  readonly idempotencyKey: string | null;
  /** What its caller asked for, in one form. */
  readonly asked: string | null;
  /** What the same call needs to go on after it was cut short; JSON of whoever claims. */
  readonly terms: string | null;
  /** The process. */
  readonly instance: string;
}

/**
 * What a claim comes to. `resumed`: the same call has been at it before and left something to go on with; `taken`:
 * another call is at it, or has placed the new order; `over`: nobody is, and the order is final.
 */
export interface Claiming {
  readonly kind: "claimed" | "resumed" | "taken" | "over";
  /** Whether the order is final, as the exchange or the record knows. */
  readonly isOver: boolean;
  /** The placement of the order, where it is one of this record's. */
  readonly placement: Placement | undefined;
}

/** What a call that was cut short goes on with. */
export interface UnfinishedReplacement {
  readonly orderId: string;
  /** What it asked for. */
  readonly asked: string | null;
  readonly terms: string;
  /** When the terms were made. */
  readonly claimedAt: number;
}

/** All claims. Every operation rejects with a `StoreError` where it cannot be done. */
export interface ReplacementClaims {
  /**
   * Claims an order.
   *
   * @param options `isFinal`: whether the exchange says so of it; `now`: wall milliseconds
   */
  claim(
    claim: ReplacementClaim,
    options: { readonly isFinal: boolean; readonly now: number },
  ): Promise<Claiming>;
  /** What a call that was cut short goes on with. */
  unfinished(
    call: Pick<ReplacementClaim, "account" | "venue" | "identity"> & { readonly idempotencyKey: string },
  ): Promise<UnfinishedReplacement | undefined>;
  /** Ends an attempt. With nothing cancelled nothing is left of the claim; else the same call may go on. */
  release(attempt: ReplacementAttempt, how: { readonly isUntouched: boolean }): Promise<void>;
}

/** What the record has of an earlier claim of the same order. */
export interface EarlierClaim {
  readonly identity: string;
  readonly idempotencyKey: string | null;
  /** Whether the new order was written down. */
  readonly isPlaced: boolean;
  /** Whether an attempt of a process that lives is at it. */
  readonly isHeld: boolean;
}

/**
 * What a claim comes to. `resumed` and `claimed` are to be written: the one as another attempt of the same claim, the
 * other in place of what was there.
 */
export function replacementClaiming(
  { identity, idempotencyKey }: ReplacementClaim,
  { earlier, isFinal, placement }: {
    readonly earlier: EarlierClaim | undefined;
    readonly isFinal: boolean;
    readonly placement: Placement | undefined;
  },
): Claiming {
  // The record may know the end before reads show it.
  const isOver = isFinal || placement?.isOpen === false;
  const isMine = earlier !== undefined && idempotencyKey !== null && earlier.idempotencyKey === idempotencyKey &&
    earlier.identity === identity;
  const isTaken = earlier !== undefined && (earlier.isPlaced || earlier.isHeld);
  const kind = isTaken ? "taken" : isMine ? "resumed" : isOver ? "over" : "claimed";
  return { kind, isOver, placement };
}

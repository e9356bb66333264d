/** Where the calls of a budget come from: this process counts them alone, or several servers share them. */

import type { Priority } from "./endpoint.ts";

/** The share of a budget that a priority must leave to those above it: market reads cannot starve a cancel. */
export const RESERVED_SHARE: Readonly<Record<Priority, number>> = { cancel: 0, order: 0.05, account: 0.1, market: 0.2 };

/** A place in the budget that is taken before the call is made, so that nothing waits between a decision and its call. */
export interface Reservation {
  /** The call is made now: it counts from here on. Once. */
  use(): void;
  /** The call is not made: another call may have its place. Nothing happens once it was used. */
  release(): void;
}

/** Calls to be had. Every answer is there at once, from what this process knows. */
export interface CallSupply {
  /** Calls that could be made now. */
  readonly remaining: number;
  /** Takes the place of one call; `undefined` where there is none for its priority now. */
  take(priority: Priority): Reservation | undefined;
  /** Milliseconds until there may be one for this priority, if nobody goes ahead of it. */
  waitMs(priority: Priority): number;
  /** Has `listener` called when there may be one sooner than was said. */
  onMore(listener: () => void): void;
}

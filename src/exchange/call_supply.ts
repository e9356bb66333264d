/** The source of a budget's calls: counted by this process alone, or shared by several servers. */

import type { Priority } from "./endpoint.ts";

/** The share of the budget that a priority must leave to higher ones: market reads cannot starve a cancellation. */
export const RESERVED_SHARE: Readonly<Record<Priority, number>> = { cancel: 0, order: 0.05, account: 0.1, market: 0.2 };

/** A place in the budget that is taken before the call, so that nothing is awaited between a decision and its call. */
export interface Reservation {
  /** Counts the call, which is made now. Call it once. */
  use(): void;
  /** Returns the place to other calls; has no effect after use. */
  release(): void;
}

/** Available calls. Every method answers at once, with what this process knows. */
export interface CallSupply {
  /** Calls that can be made now. */
  readonly remaining: number;
  /** Takes the place of one call; `undefined` when there is none for its priority. */
  take(priority: Priority): Reservation | undefined;
  /** Milliseconds until there may be a call for this priority, unless a more urgent one takes it. */
  waitMs(priority: Priority): number;
  /** Calls `listener` when calls may be available sooner than announced. */
  onMore(listener: () => void): void;
}

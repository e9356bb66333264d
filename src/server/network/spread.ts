/** Spreads an action on many items evenly over a time, so that clients do not all reconnect at once. */

import type { Sleep } from "../../timing/sleep.ts";

/** The duration, and the clock. */
export interface SpreadOptions {
  readonly periodMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: Sleep;
}

/** The interval of the steps. */
const STEP_MS = 100;

const NEVER = new AbortController().signal;

/**
 * Calls `end` for each member of a set that shrinks and may grow meanwhile, in insertion order, so that at the end only
 * the latest members are left. Settles at the end of the time, even if the set is empty.
 */
export async function spread<Member extends object>(
  members: ReadonlySet<Member>,
  end: (member: Member) => void,
  { periodMs, now, sleep }: SpreadOptions,
): Promise<void> {
  const startMs = now();
  const ended = new WeakSet<Member>();
  const left = () => [...members].filter((member) => !ended.has(member));
  for (let passedMs = 0; passedMs < periodMs; passedMs = now() - startMs) {
    const stepMs = Math.min(STEP_MS, periodMs - passedMs);
    const waiting = left();
    for (const member of waiting.slice(0, Math.ceil(waiting.length * stepMs / (periodMs - passedMs)))) {
      ended.add(member);
      end(member);
    }
    await sleep(stepMs, NEVER);
  }
}

/** Does something to each of many, evenly over a time, so that those who come back do not come all at once. */

import type { Sleep } from "../../timing/sleep.ts";

/** How long, and by which clock. */
export interface SpreadOptions {
  readonly periodMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: Sleep;
}

/** How often it goes on. */
const STEP_MS = 100;

const NEVER = new AbortController().signal;

/**
 * Calls `end` for each member of a set that shrinks and may grow meanwhile, in the order of their coming, so that none is
 * left when the time is over but those that came last. Settles when the time is over, also where there is nobody.
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

/**
 * Limits how long callers wait for an answer when older data would do: one second for the first caller and for those who
 * join meanwhile. While no answer arrives, later callers wait only briefly.
 */

import { type Sleep, sleep } from "./sleep.ts";

/** Settings of a {@linkcode Patience}. */
export interface PatienceOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** @default the real one */
  readonly sleep?: Sleep | undefined;
}

/** How long the first caller waits. */
const LONGEST_MS = 1_000;

/** How long later callers wait while no answer arrives, so that a quick answer is not missed. */
const SHORTEST_MS = 100;

/** An unanswered request older than this says nothing about the next one. */
const FORGOTTEN_MS = 30_000;

/** Unanswered requests by what they ask for. */
export class Patience {
  readonly #now: () => number;
  readonly #sleep: Sleep;
  /** When the first unanswered request of each key was made, and the last one. */
  readonly #vain = new Map<string, { readonly sinceMs: number; readonly lastMs: number }>();

  constructor({ now, sleep: pause = sleep }: PatienceOptions) {
    this.#now = now;
    this.#sleep = pause;
  }

  /**
   * The answer, or `undefined` if it does not arrive in time; the work behind it continues.
   *
   * @throws as `answer` does in time
   */
  async wait<Answer>(key: string, answer: Promise<Answer>): Promise<Answer | undefined> {
    const noted = answer.then((value) => {
      this.#vain.delete(key);
      return value;
    });
    const answered = new AbortController();
    const pauseMs = Math.max(SHORTEST_MS, this.#note(key) + LONGEST_MS - this.#now());
    const pause = this.#sleep(pauseMs, answered.signal).then(() => undefined, () => noted);
    try {
      return await Promise.race([noted, pause]);
    } finally {
      answered.abort();
      // The caller no longer waits for either.
      noted.catch(() => {});
      pause.catch(() => {});
    }
  }

  /** Notes a request; returns when the first unanswered one was made. */
  #note(key: string): number {
    const lastMs = this.#now();
    for (const [known, vain] of this.#vain) if (vain.lastMs < lastMs - FORGOTTEN_MS) this.#vain.delete(known);
    const { sinceMs } = this.#vain.get(key) ?? { sinceMs: lastMs };
    this.#vain.set(key, { sinceMs, lastMs });
    return sinceMs;
  }
}

/**
 * How long somebody waits for an answer where something older would do: a second at first, and no longer than that for all who
 * ask meanwhile. While no answer comes, the next ones hardly wait.
 */

import { type Sleep, sleep } from "./sleep.ts";

/** Settings of a {@linkcode Patience}. */
export interface PatienceOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** @default the real one */
  readonly sleep?: Sleep | undefined;
}

/** How long the first one waits. */
const LONGEST_MS = 1_000;

/** How long others wait while it is known that no answer comes: an answer that is quick is not missed. */
const SHORTEST_MS = 100;

/** After this an answer that did not come says nothing of the next one. */
const FORGOTTEN_MS = 30_000;

/** Who waits for what, and since when in vain. */
export class Patience {
  readonly #now: () => number;
  readonly #sleep: Sleep;
  /** Since when there was no answer, and when somebody waited last, by what is asked for. */
  readonly #vain = new Map<string, { readonly sinceMs: number; readonly lastMs: number }>();

  constructor({ now, sleep: pause = sleep }: PatienceOptions) {
    this.#now = now;
    this.#sleep = pause;
  }

  /**
   * The answer, or `undefined` where it does not come in time; it is waited for no longer then, but goes on.
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
      // Nobody waits for it any more.
      noted.catch(() => {});
      pause.catch(() => {});
    }
  }

  /** Since when nobody was answered. */
  #note(key: string): number {
    const lastMs = this.#now();
    for (const [known, vain] of this.#vain) if (vain.lastMs < lastMs - FORGOTTEN_MS) this.#vain.delete(known);
    const { sinceMs } = this.#vain.get(key) ?? { sinceMs: lastMs };
    this.#vain.set(key, { sinceMs, lastMs });
    return sinceMs;
  }
}

import type { Sleep } from "../../src/timing/sleep.ts";

interface Sleeper {
  readonly wakesAt: number;
  readonly wake: () => void;
}

/** A monotonic clock that only moves when told to. */
export class FakeClock {
  #time = 0;
  readonly #sleepers = new Set<Sleeper>();

  readonly now = (): number => this.#time;

  readonly sleep: Sleep = (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const sleeper = { wakesAt: this.#time + milliseconds, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });

  /** How many wait for this clock. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves on without waking anybody: timers that are late. */
  jump(milliseconds: number): void {
    this.#time += milliseconds;
  }

  /** Moves on, waking sleepers in order and letting each finish its work. */
  async advance(milliseconds: number): Promise<void> {
    await settle();
    const end = this.#time + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#time = next.wakesAt;
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#time = end;
    await settle();
  }

  #next(end: number): Sleeper | undefined {
    return [...this.#sleepers].filter(({ wakesAt }) => wakesAt <= end).sort((a, b) => a.wakesAt - b.wakesAt)[0];
  }
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

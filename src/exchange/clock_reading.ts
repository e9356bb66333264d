/**
 * The exchange's clock, read from the `Date` header of its answers. A reading is held against the monotonic clock, so
 * that it stays right when this machine's wall clock is set.
 */

/** What is known of the exchange's clock at this moment. */
export interface ClockReading {
  /** The exchange's clock less our wall clock now, at most a second less than the truth. */
  readonly skewMs: number;
  /** How old the reading is, in monotonic milliseconds. */
  readonly ageMs: number;
  /**
   * How far our wall clock moved against the monotonic one since the reading: it was set, or the machine slept, during
   * which the monotonic clock may have stood still.
   */
  readonly jumpMs: number;
}

/** Holds the latest reading. */
export class ExchangeClockReader {
  readonly #now: () => number;
  readonly #wallClock: () => number;
  #latest: { readonly exchange: number; readonly monotonic: number; readonly wall: number } | undefined;

  constructor({ now, wallClock }: { readonly now: () => number; readonly wallClock: () => number }) {
    this.#now = now;
    this.#wallClock = wallClock;
  }

  /** To be called in the step in which the answer is read; a header that is no date changes nothing. */
  note(date: string | null): void {
    const exchange = Date.parse(date ?? "");
    if (Number.isFinite(exchange)) this.#latest = { exchange, monotonic: this.#now(), wall: this.#wallClock() };
  }

  /** `null` before the first dated answer. */
  get reading(): ClockReading | null {
    if (this.#latest === undefined) return null;
    const wall = this.#wallClock();
    const ageMs = this.#now() - this.#latest.monotonic;
    return {
      ageMs,
      skewMs: this.#latest.exchange + ageMs - wall,
      jumpMs: Math.abs(wall - this.#latest.wall - ageMs),
    };
  }
}

/**
 * Reads the exchange's clock from the `Date` header of its answers. A reading is tied to the monotonic clock, so that
 * it stays right when this machine's wall clock is set.
 */

/** What is known of the exchange's clock at this moment. */
export interface ClockReading {
  /** The exchange's clock minus our wall clock; up to one second less than the true value. */
  readonly skewMs: number;
  /** Age of the reading, in monotonic milliseconds. */
  readonly ageMs: number;
  /**
   * How far our wall clock has moved relative to the monotonic one since the reading: it was set, or the machine slept,
   * during which the monotonic clock may have stopped.
   */
  readonly jumpMs: number;
}

/** Keeps the latest reading. */
export class ExchangeClockReader {
  readonly #now: () => number;
  readonly #wallClock: () => number;
  #latest: { readonly exchange: number; readonly monotonic: number; readonly wall: number } | undefined;

  constructor({ now, wallClock }: { readonly now: () => number; readonly wallClock: () => number }) {
    this.#now = now;
    this.#wallClock = wallClock;
  }

  /** Call it in the turn in which the answer is read; a header that is not a date has no effect. */
  note(date: string | null): void {
    const exchange = Date.parse(date ?? "");
    if (Number.isFinite(exchange)) this.#latest = { exchange, monotonic: this.#now(), wall: this.#wallClock() };
  }

  /** `null` before the first answer with a date. */
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

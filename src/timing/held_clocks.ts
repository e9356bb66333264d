/**
 * The clocks of a process, which hold still while a message is handled: every reading then gives the same time, as
 * reading the system's clock costs more than much of the other work. Work that continues after an `await` sees them
 * advance.
 */
export class HeldClocks {
  #isHeld = false;
  /** Of the first reading since they are held; NaN before it. */
  #wallMs = NaN;
  #monotonicMs = NaN;

  /** Wall clock in milliseconds since the Unix epoch. */
  readonly now = (): number => {
    if (!this.#isHeld) return Date.now();
    if (Number.isNaN(this.#wallMs)) this.#wallMs = Date.now();
    return this.#wallMs;
  };

  /** Monotonic milliseconds. */
  readonly monotonic = (): number => {
    if (!this.#isHeld) return performance.now();
    if (Number.isNaN(this.#monotonicMs)) this.#monotonicMs = performance.now();
    return this.#monotonicMs;
  };

  /** Stops both clocks at their first reading until {@linkcode release}; nothing may be awaited in between. */
  hold(): void {
    this.#wallMs = this.#monotonicMs = NaN;
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }

  /** Runs `work` while both clocks stand still; whatever it awaits sees them advance again. */
  during<Result>(work: () => Result): Result {
    if (this.#isHeld) return work();
    this.hold();
    try {
      return work();
    } finally {
      this.release();
    }
  }
}

/** {@linkcode HeldClocks.during} for clocks that may be absent; they always advance then. */
export function during<Result>(clocks: Pick<HeldClocks, "during"> | undefined, work: () => Result): Result {
  return clocks === undefined ? work() : clocks.during(work);
}

/**
 * The clocks of a process, which hold still while a message is handled: every reading then gives the same time, as
 * reading the system's clock costs more than much of the other work. Work that continues after an `await` sees them
 * advance.
 */
export class HeldClocks {
  #isHeld = false;
  #wallMs = 0;
  #monotonicMs = 0;

  /** Wall clock in milliseconds since the Unix epoch. */
  readonly now = (): number => this.#isHeld ? this.#wallMs : Date.now();

  /** Monotonic milliseconds. */
  readonly monotonic = (): number => this.#isHeld ? this.#monotonicMs : performance.now();

  /** Stops both clocks until {@linkcode release}; nothing may be awaited in between. */
  hold(): void {
    this.#wallMs = Date.now();
    this.#monotonicMs = performance.now();
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

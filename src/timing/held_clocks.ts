/**
 * The clocks of a process, which stand still while a message is handled: whoever looks at them then gets the same time, as
 * looking costs more than much of the rest. What is done later, when something has been waited for, sees them go on.
 */
export class HeldClocks {
  #isHeld = false;
  #wallMs = 0;
  #monotonicMs = 0;

  /** Wall clock in milliseconds since the Unix epoch. */
  readonly now = (): number => this.#isHeld ? this.#wallMs : Date.now();

  /** Milliseconds that only ever rise. */
  readonly monotonic = (): number => this.#isHeld ? this.#monotonicMs : performance.now();

  /** Holds them until {@linkcode release}; nothing may be waited for between. */
  hold(): void {
    this.#wallMs = Date.now();
    this.#monotonicMs = performance.now();
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
  }
}

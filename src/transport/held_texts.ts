/**
 * Keeps a client's texts in order while one of them waits to be admitted; the message budget limits how many there can
 * be.
 */

/** Held texts, and the function that receives them afterwards. */
export class HeldTexts {
  readonly #receive: (text: string) => void;
  #texts: string[] | undefined;

  constructor(receive: (text: string) => void) {
    this.#receive = receive;
  }

  /** Whether a text waits to be admitted. */
  get isHolding(): boolean {
    return this.#texts !== undefined;
  }

  /** Keeps a text if an earlier one is waiting; returns whether it was kept. */
  keep(text: string): boolean {
    this.#texts?.push(text);
    return this.#texts !== undefined;
  }

  /** Keeps further texts until the answer is there and `next` has taken it; the answer must not reject. */
  until<Answer>(answer: Promise<Answer>, next: (answer: Answer) => void): void {
    this.#texts = [];
    void answer.then((value) => {
      const texts = this.#texts ?? [];
      this.#texts = undefined;
      next(value);
      for (const text of texts) this.#receive(text);
    });
  }
}

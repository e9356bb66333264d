import type { Reading } from "../reading.ts";

/** How long a stream may be silent before its data is requested again; a message comes at least every 20 s. */
export const UNHEARD_MS = 30_000;

/** A reading of a stream: valid until something newer comes, as long as the stream is not silent. */
export class LiveReading<Answer> implements Reading<Answer> {
  readonly answer: Answer;
  readonly source = "stream";
  readonly #heardAt: () => number;
  #isOver = false;

  /** `heardAt` returns when the stream was last heard, in monotonic milliseconds. */
  constructor(answer: Answer, heardAt: () => number) {
    this.answer = answer;
    this.#heardAt = heardAt;
  }

  get asOfMs(): number {
    return this.#heardAt();
  }

  get staleAtMs(): number {
    return this.#isOver ? 0 : this.#heardAt() + UNHEARD_MS;
  }

  /** Something newer has come, or the stream is not reliable any more. */
  end(): void {
    this.#isOver = true;
  }
}

import type { Reading } from "../reading.ts";

/** How long a stream may say nothing before what it told is asked for again; a message comes each 20 s at least. */
export const UNHEARD_MS = 30_000;

/** A reading of a stream: the newest there is until something newer comes, as long as the stream is heard. */
export class LiveReading<Answer> implements Reading<Answer> {
  readonly answer: Answer;
  readonly source = "stream";
  readonly #heardAt: () => number;
  #isOver = false;

  /** `heardAt` tells when the stream was heard last, in monotonic milliseconds. */
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

  /** Something newer has come, or the stream is not to be trusted any more. */
  end(): void {
    this.#isOver = true;
  }
}

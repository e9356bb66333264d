/** What a listener writes at once. */
export interface WholeAnswer {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response 200 whose body is a text that is there: a listener writes it without a stream, and without reading it back. */
export class WholeResponse extends Response {
  readonly #answer: WholeAnswer;
  #isAsMade = true;

  constructor(answer: WholeAnswer) {
    super(answer.text, { headers: answer.headers });
    this.#answer = answer;
  }

  /** Whoever has them may change them. */
  override get headers(): Headers {
    this.#isAsMade = false;
    return super.headers;
  }

  /** What to write; `undefined` where somebody has had the headers. */
  get whole(): WholeAnswer | undefined {
    return this.#isAsMade ? this.#answer : undefined;
  }
}

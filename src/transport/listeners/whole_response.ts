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
    const { "content-type": type = "", ...others } = answer.headers;
    super(answer.text, { headers: { "content-type": type } });
    // The runtime makes a response with one header for little, and takes several times as long for one with more.
    for (const name in others) super.headers.set(name, others[name] ?? "");
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

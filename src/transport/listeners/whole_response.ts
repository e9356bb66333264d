/** A response that a listener writes at once. */
export interface WholeAnswer {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response 200 with a text as its body: a listener writes it without a stream, and without reading it back. */
export class WholeResponse extends Response {
  readonly #answer: WholeAnswer;
  #isAsMade = true;

  constructor(answer: WholeAnswer) {
    const { "content-type": type = "", ...others } = answer.headers;
    super(answer.text, { headers: { "content-type": type } });
    // The runtime creates a response with one header cheaply; with more it takes several times as long.
    for (const name in others) super.headers.set(name, others[name] ?? "");
    this.#answer = answer;
  }

  /** Once they were read, they may have been changed. */
  override get headers(): Headers {
    this.#isAsMade = false;
    return super.headers;
  }

  /** What to write; `undefined` when the headers were read. */
  get whole(): WholeAnswer | undefined {
    return this.#isAsMade ? this.#answer : undefined;
  }
}

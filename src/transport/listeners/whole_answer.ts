/** An answer 200 whose text is there: a listener writes it at once, without a stream, and where it can without the web's `Response`. */
export class WholeAnswer {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(text: string, headers: Readonly<Record<string, string>>) {
    this.text = text;
    this.headers = headers;
  }

  /** The same with more headers. */
  with(headers: Readonly<Record<string, string>>): WholeAnswer {
    return new WholeAnswer(this.text, { ...this.headers, ...headers });
  }
}

/** What a request over HTTP is answered. */
export type HttpAnswer = Response | WholeAnswer;

/** The answer as the web has it. */
export function toResponse(answer: HttpAnswer): Response {
  return answer instanceof WholeAnswer ? new Response(answer.text, { headers: answer.headers }) : answer;
}

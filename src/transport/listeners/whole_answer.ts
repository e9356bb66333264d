/** A response with status 200 and a complete text: listeners write it at once, without a stream. */
export class WholeAnswer {
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(text: string, headers: Readonly<Record<string, string>>) {
    this.text = text;
    this.headers = headers;
  }

  /** A copy with additional headers. */
  with(headers: Readonly<Record<string, string>>): WholeAnswer {
    return new WholeAnswer(this.text, { ...this.headers, ...headers });
  }
}

/** What an HTTP request is answered with. */
export type HttpAnswer = Response | WholeAnswer;

/** The answer as a `Response`. */
export function toResponse(answer: HttpAnswer): Response {
  return answer instanceof WholeAnswer ? new Response(answer.text, { headers: answer.headers }) : answer;
}

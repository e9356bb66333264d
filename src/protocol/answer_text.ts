/**
 * An answer's JSON texts, made once however often they are sent.
 *
 * The protocol wants a tool's answer twice: structured, and the same as compact JSON text.
 */
export class AnswerText {
  /** The answer itself. */
  readonly json: string;
  /** By what is added to them; there are as many as revisions of the protocol. */
  readonly #results = new Map<string, string>();

  constructor(value: Readonly<Record<string, unknown>>) {
    this.json = JSON.stringify(value);
  }

  /** A result of `tools/call` as JSON; `members` are added to it. */
  result(members: string): string {
    const known = this.#results.get(members);
    if (known !== undefined) return known;
    const content = `"content":[{"type":"text","text":${JSON.stringify(this.json)}}]`;
    const result = `{${content},"structuredContent":${this.json}${members}}`;
    this.#results.set(members, result);
    return result;
  }
}

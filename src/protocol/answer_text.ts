/**
 * An answer's JSON texts, made once however often they are sent.
 *
 * The protocol wants a tool's answer twice: structured, and the same as compact JSON text.
 */
export class AnswerText {
  /** Without its closing brace, and the same within a JSON text. */
  readonly #open: string;
  readonly #quotedOpen: string;
  /** Members that are added behind the others. */
  readonly #added: string;
  /** As many as revisions of the protocol, so that a list is enough: V8 keeps what maps hold for longer than they live. */
  readonly #results: { readonly members: string; readonly json: string }[] = [];

  constructor(value: Readonly<Record<string, unknown>>);
  constructor(value: AnswerText, added: string);
  constructor(value: AnswerText | Readonly<Record<string, unknown>>, added = "") {
    if (value instanceof AnswerText) {
      this.#open = value.#open;
      this.#quotedOpen = value.#quotedOpen;
    } else {
      const json = JSON.stringify(value);
      this.#open = json.slice(0, -1);
      this.#quotedOpen = JSON.stringify(json).slice(0, -2);
    }
    this.#added = added;
  }

  /** The answer itself. */
  get json(): string {
    return `${this.#open}${this.#added}}`;
  }

  /** The same answer with more members, such as `,"age_ms":12`: what is made already is not made again. */
  with(added: string): AnswerText {
    return new AnswerText(this, added);
  }

  /** A result of `tools/call` as JSON; `members` are added to it. */
  result(members: string): string {
    for (const known of this.#results) if (known.members === members) return known.json;
    const text = `${this.#quotedOpen}${JSON.stringify(this.#added).slice(1, -1)}}"`;
    const json = `{"content":[{"type":"text","text":${text}}],"structuredContent":${this.json}${members}}`;
    this.#results.push({ members, json });
    return json;
  }
}

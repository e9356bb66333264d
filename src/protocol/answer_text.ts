/**
 * The JSON texts of an answer, each made once however often it is sent.
 *
 * The protocol requires a tool's answer twice: structured, and as compact JSON text.
 */
export class AnswerText {
  /** The JSON without its closing brace, plain and as content of a JSON string. */
  readonly #open: string;
  readonly #quotedOpen: string;
  /** Members that are appended. */
  readonly #added: string;
  /** At most one per protocol revision, so a list suffices: V8 keeps the contents of maps longer than they live. */
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

  /** The same answer with further members, such as `,"age_ms":12`, sharing the texts already made. */
  with(added: string): AnswerText {
    return new AnswerText(this, added);
  }

  /** A `tools/call` result as JSON, with `members` appended. */
  result(members: string): string {
    for (const known of this.#results) if (known.members === members) return known.json;
    const text = `${this.#quotedOpen}${JSON.stringify(this.#added).slice(1, -1)}}"`;
    const json = `{"content":[{"type":"text","text":${text}}],"structuredContent":${this.json}${members}}`;
    this.#results.push({ members, json });
    return json;
  }
}

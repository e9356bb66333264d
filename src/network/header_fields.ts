/**
 * Header fields of a request: either the platform's `Headers`, or the fields as a listener received them. They are read
 * many times per request, so a lookup must be cheap. Names are lower case throughout.
 */
export interface HeaderFields extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Fields as received; the values of a repeated field are joined by a comma, as in `Headers`. They are few, so a list is enough. */
export class ReceivedFields implements HeaderFields {
  /** Each name with its value behind it. */
  readonly #texts: string[] = [];

  /** Adds a field; the value has no surrounding spaces. */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const at = this.#indexOf(key);
    if (at === -1) this.#texts.push(key, value);
    else this.#texts[at] = `${this.#texts[at]}, ${value}`;
  }

  /** Adds a field whose name is in lower case and new. */
  add(name: string, value: string): void {
    this.#texts.push(name, value);
  }

  get(name: string): string | null {
    const at = this.#indexOf(name);
    // Reading a list at -1 costs six times as much as the search.
    return at === -1 ? null : this.#texts[at] ?? null;
  }

  has(name: string): boolean {
    return this.#indexOf(name) !== -1;
  }

  /** Tells whether a test holds for one of the fields. */
  some(test: (name: string, value: string) => boolean): boolean {
    const texts = this.#texts;
    for (let at = 1; at < texts.length; at += 2) if (test(texts[at - 1] ?? "", texts[at] ?? "")) return true;
    return false;
  }

  *[Symbol.iterator](): Iterator<[name: string, value: string]> {
    const texts = this.#texts;
    for (let at = 1; at < texts.length; at += 2) yield [texts[at - 1] ?? "", texts[at] ?? ""];
  }

  /** Where the value of a name is; -1 for none. */
  #indexOf(name: string): number {
    const texts = this.#texts;
    for (let at = 0; at < texts.length; at += 2) if (texts[at] === name) return at + 1;
    return -1;
  }
}

/** Tells whether a test holds for one of the fields. */
export function someField(fields: HeaderFields, test: (name: string, value: string) => boolean): boolean {
  if (fields instanceof ReceivedFields) return fields.some(test);
  for (const [name, value] of fields) if (test(name, value)) return true;
  return false;
}

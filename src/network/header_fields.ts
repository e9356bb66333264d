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
  readonly #fields: [name: string, value: string][] = [];

  /** Adds a field; the value has no surrounding spaces. */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const known = this.#find(key);
    if (known === undefined) this.#fields.push([key, value]);
    else known[1] = `${known[1]}, ${value}`;
  }

  get(name: string): string | null {
    return this.#find(name)?.[1] ?? null;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  [Symbol.iterator](): ArrayIterator<[name: string, value: string]> {
    return this.#fields.values();
  }

  #find(name: string): [name: string, value: string] | undefined {
    for (const field of this.#fields) if (field[0] === name) return field;
    return undefined;
  }
}

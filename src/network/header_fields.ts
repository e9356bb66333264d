/**
 * Header fields of a request: either the platform's `Headers`, or the fields as a listener received them. They are read
 * many times per request, so a lookup must cost no more than one in a map. Names are lower case throughout.
 */
export interface HeaderFields extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Fields as received; the values of a repeated field are joined by a comma, as in `Headers`. */
export class ReceivedFields implements HeaderFields {
  readonly #values = new Map<string, string>();

  /** Adds a field; the value has no surrounding spaces. */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? value : `${before}, ${value}`);
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values.entries();
  }
}

/**
 * Header fields of a request: the web's own `Headers`, or what a listener has received, which is read many times for each
 * request and so costs a look-up in a map. Names are given and had in lower case.
 */
export interface HeaderFields extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Fields as they came; the values of one that came twice are joined by a comma, as on the web. */
export class ReceivedFields implements HeaderFields {
  readonly #values = new Map<string, string>();

  /** Adds one; the value has no space around it. */
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

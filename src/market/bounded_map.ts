/** A map of bounded size, in bytes as its user counts them; the oldest entries are removed first. */
export class BoundedMap<Key, Value> {
  readonly #maxBytes: number;
  readonly #entries = new Map<Key, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Stores a value; one that is larger than the whole map is not stored. */
  set(key: Key, value: Value, bytes: number): void {
    this.delete(key);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  /** Removes the oldest entries for as long as they are of no use. */
  dropWhile(isUseless: (value: Value) => boolean): void {
    for (const [key, { value }] of this.#entries) {
      if (!isUseless(value)) break;
      this.delete(key);
    }
  }

  delete(key: Key): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

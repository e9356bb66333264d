/** Cuts a byte stream into lines without ever holding more than one line of bounded size. */

/** One line without its end; of one that cannot be read only both ends are kept. */
export type Line =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "oversized" | "malformed"; readonly size: number; readonly head: string; readonly tail: string };

/** How much of an unreadable line is kept at either end, in bytes. */
const KEPT = 512;

const NEWLINE = 0x0a;

/** Takes chunks, gives lines. */
export class LineSplitter {
  readonly #maxSize: number;
  readonly #strict = new TextDecoder("utf-8", { fatal: true });
  readonly #lenient = new TextDecoder();
  #parts: Uint8Array[] = [];
  #size = 0;
  #head: Uint8Array = new Uint8Array(0);
  #tail: Uint8Array = new Uint8Array(0);

  /** `maxSize` is the largest line in bytes, without its end. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The lines that `chunk` completes; the chunk may be reused afterwards. */
  *push(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#append(chunk.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#append(chunk.subarray(start));
  }

  /** The line that the stream's end completes, if there is one. */
  end(): Line | undefined {
    return this.#size > 0 ? this.#take() : undefined;
  }

  #append(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size <= this.#maxSize) {
      if (bytes.length > 0) this.#parts.push(bytes.slice());
      return;
    }
    if (this.#head.length === 0) {
      this.#head = join([...this.#parts, bytes.subarray(0, KEPT)]).slice(0, KEPT);
      this.#tail = join(this.#parts).slice(-KEPT);
      this.#parts = [];
    }
    this.#tail = join([this.#tail, bytes.subarray(-KEPT)]).slice(-KEPT);
  }

  #take(): Line {
    const line = this.#size > this.#maxSize ? this.#ends("oversized") : this.#decode(join(this.#parts));
    this.#parts = [];
    this.#size = 0;
    this.#head = new Uint8Array(0);
    this.#tail = new Uint8Array(0);
    return line;
  }

  #decode(bytes: Uint8Array): Line {
    try {
      return { kind: "text", text: this.#strict.decode(bytes) };
    } catch {
      this.#head = bytes.slice(0, KEPT);
      this.#tail = bytes.slice(-KEPT);
      return this.#ends("malformed");
    }
  }

  #ends(kind: "oversized" | "malformed"): Line {
    return { kind, size: this.#size, head: this.#lenient.decode(this.#head), tail: this.#lenient.decode(this.#tail) };
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

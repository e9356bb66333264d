/** Splits a byte stream into lines, holding no more than one line of bounded size. */

/** One line without its line break; of an oversized one only both ends. */
export type Line =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "oversized" | "malformed"; readonly size: number; readonly head: string; readonly tail: string };

/** How much of an oversized line is kept at each end, in bytes. */
const KEPT = 512;

/** Memory kept for the next line, in bytes; that of a longer line is released. */
const CAPACITY = 65_536;

const NEWLINE = 0x0a;

/** The mark that decoders remove from the beginning of a text. */
const BYTE_ORDER_MARK = "\ufeff";

/** Takes chunks, yields lines. */
export class LineSplitter {
  readonly #maxSize: number;
  readonly #strict = new TextDecoder("utf-8", { fatal: true });
  /** For several lines together, each of which may begin with a mark. */
  readonly #joined = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #lenient = new TextDecoder();
  /** The first `#size` bytes of the line, while it is not oversized. */
  #bytes = new Uint8Array(CAPACITY);
  #size = 0;
  #head: Uint8Array = new Uint8Array(0);
  #tail: Uint8Array = new Uint8Array(0);

  /** `maxSize` is the largest line in bytes, without its line break; at least 512. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The lines that `chunk` completes; the caller may reuse the chunk. */
  *push(chunk: Uint8Array): Generator<Line> {
    const first = chunk.indexOf(NEWLINE);
    const last = chunk.lastIndexOf(NEWLINE);
    if (first >= 0) {
      this.#append(chunk.subarray(0, first));
      yield this.#take();
    }
    if (last > first) yield* this.#linesOf(chunk.subarray(first + 1, last));
    this.#append(chunk.subarray(last + 1));
  }

  /** Complete lines: decoded together if possible, which is cheaper than one by one. */
  *#linesOf(bytes: Uint8Array): Generator<Line> {
    const texts = bytes.length <= this.#maxSize ? this.#textsOf(bytes) : undefined;
    if (texts !== undefined) {
      for (const text of texts) yield { kind: "text", text: text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text };
      return;
    }
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#append(bytes.subarray(start, end));
      yield this.#take();
      start = end + 1;
    }
    this.#append(bytes.subarray(start));
    yield this.#take();
  }

  #textsOf(bytes: Uint8Array): readonly string[] | undefined {
    try {
      return this.#joined.decode(bytes).split("\n");
    } catch {
      return undefined;
    }
  }

  /** The line that the end of the stream completes, if there is one. */
  end(): Line | undefined {
    return this.#size > 0 ? this.#take() : undefined;
  }

  #append(bytes: Uint8Array): void {
    const held = this.#size;
    this.#size += bytes.length;
    if (this.#size <= this.#maxSize) {
      this.#reserve(this.#size);
      this.#bytes.set(bytes, held);
      return;
    }
    if (held <= this.#maxSize) {
      this.#head = join(this.#bytes.subarray(0, Math.min(held, KEPT)), bytes.subarray(0, KEPT)).slice(0, KEPT);
      this.#tail = this.#bytes.slice(Math.max(0, held - KEPT), held);
    }
    this.#tail = join(this.#tail, bytes.subarray(-KEPT)).slice(-KEPT);
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, Math.min(this.#maxSize, this.#bytes.length * 2)));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  #take(): Line {
    const line = this.#size > this.#maxSize
      ? this.#ends("oversized")
      : this.#decode(this.#bytes.subarray(0, this.#size));
    if (this.#bytes.length > CAPACITY) this.#bytes = new Uint8Array(CAPACITY);
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

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

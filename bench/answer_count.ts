/**
 * Counts answers in the bytes of a connection as they arrive: HTTP statuses, or WebSocket frames except the closing
 * one.
 */

import { OPCODE } from "../tests/transport/raw_peer.ts";

const STATUS_LINE = "HTTP/1.1 ";

/** The answers of one connection. */
export class AnswerCount {
  readonly #kind: "http" | "frames";
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** Bytes left of the frame that is being read. */
  #left = 0;

  constructor(kind: "http" | "frames") {
    this.#kind = kind;
  }

  /** Adds the bytes that arrived; returns how many answers begin in them. */
  push(bytes: Uint8Array): number {
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    return this.#kind === "http" ? this.#countStatuses(joined) : this.#countFrames(joined);
  }

  #countStatuses(bytes: Uint8Array<ArrayBuffer>): number {
    this.#rest = bytes.slice(-(STATUS_LINE.length - 1));
    return new TextDecoder("latin1").decode(bytes).split(STATUS_LINE).length - 1;
  }

  #countFrames(bytes: Uint8Array<ArrayBuffer>): number {
    let count = 0;
    let at = Math.min(this.#left, bytes.length);
    this.#left -= at;
    while (this.#left === 0 && at + 2 <= bytes.length) {
      const [opcode, short] = [(bytes[at] ?? 0) & 0x0f, (bytes[at + 1] ?? 0) & 0x7f];
      const headSize = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (at + headSize > bytes.length) break;
      const size = bytes.slice(at + 2, at + headSize).reduce((sum, byte) => sum * 256 + byte, 0);
      const end = at + headSize + (headSize === 2 ? short : size);
      if (opcode !== OPCODE.close) count++;
      at = Math.min(end, bytes.length);
      this.#left = end - at;
    }
    this.#rest = bytes.slice(at);
    return count;
  }
}

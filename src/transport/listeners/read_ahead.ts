/**
 * How far one HTTP connection is read ahead of its answers. `node:http` reads whatever a client pipelines and keeps all of
 * it; here a connection is handed on in small slices, and not at all while enough of its requests are being answered.
 */

import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Socket as TcpSocket } from "node:net";

/** Requests of one connection that are being answered; no more are begun, and nothing more is read. */
const MOST_AT_ONCE = 8;

/** What the parser gets at once, in bytes: it makes a request of every thirty of them, whatever becomes of it. */
const SLICE = 1_024;

/** For others, before the next requests of a client that does not wait for its answers. */
const PAUSE_MS = 5;

type Chunk = Buffer<ArrayBuffer>;

/** One connection; takes the place of the listener by which `node:http` reads it. */
export class ReadAhead {
  readonly #socket: TcpSocket;
  readonly #feed: (chunk: Chunk) => void;
  /** Read, and not handed to the parser yet. */
  #rest: Chunk = Buffer.alloc(0);
  /** Parsed, and not begun yet. */
  readonly #waiting: (() => void)[] = [];
  /** Answers that are on their way to the last byte. */
  readonly answers = new Set<ServerResponse>();
  #isFeeding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  #isPaused = false;
  readonly #onData = (chunk: Chunk): void => {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#timer === undefined) this.#advance();
  };

  /** @throws {TypeError} where the runtime reads connections in another way, so that nothing could be bounded */
  constructor(socket: TcpSocket) {
    const [feed] = socket.listeners("data");
    if (feed === undefined || !takesParserOff(socket)) {
      throw new TypeError("Cannot bound how far a connection is read ahead on this runtime");
    }
    this.#socket = socket;
    this.#feed = (chunk) => feed.call(socket, chunk);
    socket.removeAllListeners("data");
    socket.on("data", this.#onData);
    socket.once("close", () => {
      this.#finish();
      clearTimeout(this.#timer);
    });
  }

  /** Begins to answer a request, now or when others are answered; not at all on a connection that ends with another's answer. */
  begin(outgoing: ServerResponse, answer: () => void): void {
    outgoing.once("close", () => {
      this.answers.delete(outgoing);
      // The runtime ends a connection with its last answer, and tells of that later.
      if (!outgoing.shouldKeepAlive || !this.#socket.writable) this.#finish();
      this.#advanceSoon();
    });
    this.#waiting.push(() => {
      this.answers.add(outgoing);
      answer();
    });
    this.#advance();
  }

  /** The connection is no longer HTTP; what was read belongs to whoever reads it next. */
  release(): void {
    this.#finish();
    this.#socket.off("data", this.#onData);
    // The parser is at work still, and its own rest comes before this one.
    queueMicrotask(() => {
      if (this.#rest.length > 0) this.#socket.unshift(this.#rest);
    });
  }

  /** Nothing more is begun, and what waits behind the last answer never ends: the runtime forgets it. */
  #finish(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.answers.clear();
  }

  /**
   * Others first. Only a timer lets the runtime see what has come on other connections: it looks at them when it has
   * nothing else to do, and otherwise at one turn in sixty.
   */
  #advanceSoon(): void {
    if (this.#rest.length > 0 || this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#advance(), PAUSE_MS);
  }

  #advance(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    while (!this.#isOver && this.answers.size < MOST_AT_ONCE) {
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else if (this.#rest.length > 0) this.#feedSlice();
      else break;
    }
    this.#isFeeding = false;
    if (this.#isOver) return;
    const isFull = this.#rest.length > 0;
    if (isFull) this.#socket.pause();
    else if (this.#isPaused) this.#socket.resume();
    this.#isPaused = isFull;
  }

  #feedSlice(): void {
    const slice = this.#rest.subarray(0, SLICE);
    this.#rest = this.#rest.subarray(SLICE);
    this.#feed(slice);
  }
}

/** The parser of `node:http` reads from the system itself, past every listener, until it is told not to. */
function takesParserOff(socket: TcpSocket): boolean {
  if (!("parser" in socket) || typeof socket.parser !== "object" || socket.parser === null) return false;
  const { parser } = socket;
  if (!("unconsume" in parser) || typeof parser.unconsume !== "function") return false;
  parser.unconsume();
  return true;
}

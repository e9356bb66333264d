/**
 * Limits how far one HTTP connection is read ahead of its responses. `node:http` reads and keeps everything that a
 * client pipelines; here data is passed to the parser in small slices, and not at all while enough of its requests are
 * being answered.
 */

import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Socket as TcpSocket } from "node:net";

/** The most concurrent requests of one connection; beyond that none are begun, and nothing is read. */
const MOST_AT_ONCE = 8;

/** Bytes passed to the parser at once: every thirty of them can become a request. */
const SLICE = 1_024;

/** A pause for other connections, before the next requests of a client that does not wait for its responses. */
const PAUSE_MS = 5;

type Chunk = Buffer<ArrayBuffer>;

const NOTHING: Chunk = Buffer.alloc(0);

/** Reads one connection; replaces the listener by which `node:http` does. */
export class ReadAhead {
  readonly #socket: TcpSocket;
  readonly #feed: (chunk: Chunk) => void;
  /** Read, but not passed to the parser yet. */
  #rest: Chunk = NOTHING;
  /** Parsed, but not begun yet. */
  readonly #waiting: (() => void)[] = [];
  /** Responses that are being sent. */
  readonly answers = new Set<ServerResponse>();
  #isFeeding = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  #isPaused = false;
  #isParsed = true;
  /** Called when everything is answered, on a connection that is no longer parsed. */
  #next: (() => void) | undefined;
  readonly #onData = (chunk: Chunk): void => {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#timer === undefined) this.#advance();
  };

  /** @throws {TypeError} when the runtime reads connections in another way, so that nothing could be limited */
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

  /**
   * Begins to answer a request, now or when others are answered; never on a connection that ends with another response.
   */
  begin(outgoing: ServerResponse, answer: () => void): void {
    outgoing.once("close", () => {
      this.answers.delete(outgoing);
      // The runtime closes a connection with its last response, and reports that later.
      if (!outgoing.shouldKeepAlive || !this.#socket.writable) this.#finish();
      this.#advanceSoon();
    });
    this.#waiting.push(() => {
      this.answers.add(outgoing);
      answer();
    });
    this.#advance();
  }

  /**
   * Nothing more is parsed: the connection is no longer HTTP. Calls `next` when all requests before are answered; data
   * read so far is returned to its next reader, which must resume the connection.
   */
  release(next: () => void): void {
    this.#isParsed = false;
    this.#socket.off("data", this.#onData);
    // The parser is still running, and its own rest comes before this one.
    queueMicrotask(() => {
      if (this.#rest.length > 0) this.#socket.unshift(this.#rest);
      this.#rest = NOTHING;
    });
    this.#next = next;
    if (this.#isAnswered) this.#handOver();
    else this.#socket.pause();
  }

  get #isAnswered(): boolean {
    return this.answers.size === 0 && this.#waiting.length === 0;
  }

  #handOver(): void {
    const next = this.#next;
    const isOpen = !this.#isOver && this.#socket.writable;
    this.#finish();
    this.#next = undefined;
    if (isOpen) next?.();
  }

  /** Nothing more is begun, and requests after the last response are never answered: the runtime drops them. */
  #finish(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.answers.clear();
  }

  /**
   * Others first. Only a timer makes the runtime check other connections: it does so when it is idle, and otherwise in
   * one of sixty turns.
   */
  #advanceSoon(): void {
    if (this.#next !== undefined && this.#isAnswered) this.#handOver();
    else if (this.#rest.length > 0 || this.#waiting.length > 0) {
      this.#timer ??= setTimeout(() => this.#advance(), PAUSE_MS);
    }
  }

  #advance(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    while (!this.#isOver && this.answers.size < MOST_AT_ONCE) {
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else if (this.#rest.length > 0 && this.#isParsed) this.#feedSlice();
      else break;
    }
    this.#isFeeding = false;
    if (this.#isOver || !this.#isParsed) return;
    const isFull = this.#rest.length > 0;
    if (isFull) this.#socket.pause();
    else if (this.#isPaused) this.#socket.resume();
    this.#isPaused = isFull;
  }

  #feedSlice(): void {
    if (this.#rest.length <= SLICE) {
      const last = this.#rest;
      this.#rest = NOTHING;
      this.#feed(last);
      return;
    }
    const slice = this.#rest.subarray(0, SLICE);
    this.#rest = this.#rest.subarray(SLICE);
    this.#feed(slice);
  }
}

/** The parser of `node:http` reads directly from the system, bypassing every listener, unless it is stopped. */
function takesParserOff(socket: TcpSocket): boolean {
  if (!("parser" in socket) || typeof socket.parser !== "object" || socket.parser === null) return false;
  const { parser } = socket;
  if (!("unconsume" in parser) || typeof parser.unconsume !== "function") return false;
  parser.unconsume();
  return true;
}

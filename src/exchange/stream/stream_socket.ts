/**
 * One connection to the exchange's stream: credentials, keep-alives both ways, silence, limits. It leaves the meaning
 * of messages and reconnecting to others. Loaded with the first stream, as importing `ws` slows the start.
 */

import type { Buffer } from "node:buffer";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import type { Sleep } from "../../timing/sleep.ts";
import { reasonOf } from "../../errors/reason_of.ts";
import { cleanText } from "../../text/clean_text.ts";
import type { StreamProblem } from "./stream_problem.ts";

/** The id and the secret of an API key. */
export interface StreamCredentials {
  readonly id: string;
  readonly secret: string;
}

/** Receives the messages of one connection. */
export interface Receiver {
  /** Takes every message, in order; a returned problem ends the connection. */
  take(text: string): StreamProblem | undefined | Promise<StreamProblem | undefined>;
  /**
   * Called for every sign of life, before the message is taken: messages, pings and pongs.
   *
   * @default ignored
   */
  heard?(): void;
  /** Whether everything that the exchange sends initially has arrived. */
  readonly isReady: boolean;
  /** The longest time without a message, keep-alives included; when absent, pings and pongs suffice. */
  readonly messageSilenceMs?: number;
}

/** What a connection needs. */
export interface ConnectionOptions {
  readonly url: URL;
  readonly credentials: StreamCredentials;
  readonly receiver: Receiver;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: Sleep;
  /** Aborting it ends the connection. */
  readonly signal: AbortSignal;
}

/** Largest message; the snapshot of the largest market has 1.1 MB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;

/** How often we ping; the exchange requires a sign of life from time to time. */
const PING_EVERY_MS = 20_000;

/** The interval of the checks below. */
const LOOK_EVERY_MS = 1_000;

/** After this time without a sign of life, pongs included, the connection is dead. */
const SILENCE_MS = 45_000;

/** How long the initial snapshot may take. */
const READY_MS = 15_000;

/** How long to wait for the exchange's part of the closing handshake. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Connects and waits until the connection ends; returns why, or `undefined` when the signal ended it. */
export async function runConnection(options: ConnectionOptions): Promise<StreamProblem | undefined> {
  const { url, signal } = options;
  if (signal.aborted) return undefined;
  const socket = new WebSocket(url, {
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
  });
  return await new Connection(socket, options).ended;
}

class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #over = Promise.withResolvers<StreamProblem | undefined>();
  readonly #ending = new AbortController();
  readonly #waiting: string[] = [];
  /** A timer of our own: after a failure, the one of `ws` can end the process (Deno 2.7). */
  readonly #connecting: ReturnType<typeof setTimeout>;
  #isTaking = false;
  #problem: StreamProblem | undefined;
  #heardAt: number;
  #messageAt: number;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#heardAt = this.#messageAt = options.now();
    options.signal.addEventListener("abort", this.#close, { once: true });
    this.#connecting = setTimeout(
      () => this.#leave({ code: "unreachable", detail: `not connected in ${CONNECT_TIMEOUT_MS} ms` }),
      CONNECT_TIMEOUT_MS,
    );
    socket.once("open", () => this.#opened());
    socket.on("ping", () => this.#hear());
    socket.on("pong", () => this.#hear());
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on("error", (error) => this.#failed(error));
    socket.on("unexpected-response", (request, response) => {
      this.#problem ??= { code: "unreachable", detail: `HTTP status ${response.statusCode}` };
      // Must be registered first: the request reads its response to the end, and one that breaks off ends the process
      // (Deno 2.7).
      response.destroy();
      request.destroy();
      socket.terminate();
    });
    socket.once("close", (code, reason) => {
      this.#problem ??= { code: "closed", detail: cleanText(`${code} ${reason.toString()}`) };
      this.#end();
    });
  }

  get ended(): Promise<StreamProblem | undefined> {
    return this.#over.promise;
  }

  #opened(): void {
    const { credentials: { id, secret }, now } = this.#options;
    clearTimeout(this.#connecting);
    this.#hear();
    this.#messageAt = now();
    this.#socket.send(JSON.stringify({ api_key_id: id, api_key_secret: secret }));
    this.#watch().catch(() => {});
  }

  /** Pings, and rejects when nothing comes back or the connection ends. */
  async #watch(): Promise<never> {
    const { now, sleep } = this.#options;
    const openedAt = now();
    let pingedAt = openedAt;
    for (;;) {
      await sleep(LOOK_EVERY_MS, this.#ending.signal);
      const silence = this.#silenceSince(openedAt);
      if (silence !== undefined) this.#leave(silence);
      if (now() - pingedAt >= PING_EVERY_MS) {
        pingedAt = now();
        this.#socket.ping();
      }
    }
  }

  #silenceSince(openedAt: number): StreamProblem | undefined {
    const { receiver: { isReady, messageSilenceMs = Infinity }, now } = this.#options;
    const at = now();
    if (at - this.#heardAt >= SILENCE_MS) return { code: "silent", detail: `nothing for ${SILENCE_MS} ms` };
    if (!isReady && at - openedAt >= READY_MS) return { code: "snapshot_timeout", detail: `none in ${READY_MS} ms` };
    if (at - this.#messageAt < messageSilenceMs) return undefined;
    return { code: "silent", detail: `no message for ${messageSilenceMs} ms` };
  }

  #hear(): void {
    this.#heardAt = this.#options.now();
    this.#options.receiver.heard?.();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isLeaving) return;
    this.#messageAt = this.#options.now();
    this.#hear();
    if (isBinary) return this.#leave({ code: "garbage", detail: "a binary message" });
    this.#waiting.push(data.toString());
    if (!this.#isTaking) this.#takeWaiting();
  }

  /** Passes messages on. While one is being taken the socket is paused, so that the backlog stays bounded. */
  #takeWaiting(): void {
    for (let text = this.#waiting.shift(); text !== undefined && !this.#isLeaving; text = this.#waiting.shift()) {
      const taken = this.#options.receiver.take(text);
      if (!(taken instanceof Promise)) {
        if (taken !== undefined) this.#leave(taken);
        continue;
      }
      this.#isTaking = true;
      this.#socket.pause();
      taken.then((problem) => {
        this.#isTaking = false;
        this.#socket.resume();
        if (problem !== undefined) this.#leave(problem);
        this.#takeWaiting();
      });
      return;
    }
  }

  get #isLeaving(): boolean {
    return this.#problem !== undefined || this.#options.signal.aborted;
  }

  #failed(error: Error): void {
    const isTooLarge = "code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    this.#problem ??= isTooLarge
      ? { code: "frame_too_large", detail: `more than ${MAX_MESSAGE_BYTES} bytes` }
      : { code: "unreachable", detail: cleanText(reasonOf(error)) };
  }

  #leave(problem: StreamProblem): void {
    this.#problem ??= problem;
    this.#close();
  }

  /** Closes from our side without waiting for a silent exchange. */
  readonly #close = (): void => {
    const socket = this.#socket;
    if (this.#problem?.code === "silent" || socket.readyState !== WebSocket.OPEN) return socket.terminate();
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.resume();
    socket.close(1000);
  };

  #end(): void {
    clearTimeout(this.#connecting);
    this.#ending.abort();
    this.#options.signal.removeEventListener("abort", this.#close);
    this.#over.resolve(this.#options.signal.aborted ? undefined : this.#problem);
  }
}

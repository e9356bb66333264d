/** One connection to a stream: credentials first, then messages, keep-alives, and faults. */

import type { Faults } from "../api/faults.ts";
import type { FrameFault, FrameKind } from "../api/frame_faults.ts";
import { SIMULATED_KEYS, type SimulatedKey } from "../api/simulated_keys.ts";
import { KEEP_ALIVE, printError } from "./market_frames.ts";

/** Options of a connection. */
export interface ConnectionOptions {
  readonly path: string;
  readonly faults: Faults;
  /** Called with valid credentials; returns the first messages, or the error that ends it. */
  readonly admitted: () => readonly string[] | StreamRefusal;
  /** Called when it has ended. */
  readonly ended: () => void;
  /** Resets the connection, if that is possible. */
  readonly reset: (() => void) | undefined;
  readonly authTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** Why a stream is refused, in the exchange's words. */
export interface StreamRefusal {
  readonly code: string;
  readonly text: string;
}

/** A client that does not read is disconnected when this many bytes wait for it. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

const AUTH_TIMEOUT: StreamRefusal = { code: "auth_timeout", text: "you took too long to provide credentials" };
const INVALID_CREDENTIALS: StreamRefusal = {
  code: "invalid_credentials",
  text: "you provided an invalid credentials message",
};

/** One connection, from its upgrade to its end. */
export class StreamConnection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  /** Delayed messages with their monotonic times; none overtakes another. */
  readonly #waiting: { readonly atMs: number; readonly text: string }[] = [];
  #late: ReturnType<typeof setTimeout> | undefined;
  #next: ReturnType<typeof setTimeout> | undefined;
  #isAdmitted = false;
  #isOver = false;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  /** When sending resumes, in monotonic milliseconds. */
  #silentUntil = 0;
  /** When the latest delayed message is sent; later ones wait behind it. */
  #delayedUntil = 0;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.onopen = () => {
      if (this.#isOver) return socket.close();
      this.#late = setTimeout(() => this.refuse(AUTH_TIMEOUT), options.authTimeoutMs);
      socket.onmessage = ({ data }) => {
        if (this.#isAdmitted) return;
        clearTimeout(this.#late);
        this.#authenticate(data);
      };
    };
    socket.onclose = () => this.#end();
    socket.onerror = () => {};
  }

  /** Sends a message, unless a fault prevents it. Sends nothing before the credentials. */
  send(text: string, kind: FrameKind): void {
    if (!this.#isAdmitted || this.#isOver) return;
    if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) return this.close();
    const { faults, path } = this.#options;
    let texts: readonly string[] = [text];
    for (const fault of faults.drawFrame(path, kind)) texts = this.#distort(fault, texts);
    for (const each of texts) this.#later(each);
    this.#restartQuiet();
  }

  /** Sends the reason, and closes. */
  refuse({ code, text }: StreamRefusal): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(printError(code, text));
    this.close();
  }

  /** Closes the connection. */
  close(code = 1000): void {
    if (this.#isOver) return;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code);
    this.#end();
  }

  #authenticate(data: unknown): void {
    if (keyOf(data) === undefined) return this.refuse(INVALID_CREDENTIALS);
    this.#isAdmitted = true;
    const first = this.#options.admitted();
    if ("code" in first) return this.refuse(first);
    for (const [index, text] of first.entries()) {
      this.send(text, index === 0 && text.startsWith('{"sequence"') ? "snapshot" : "update");
    }
    this.#restartQuiet();
  }

  #distort(fault: FrameFault, texts: readonly string[]): readonly string[] {
    switch (fault.kind) {
      case "stream_gap":
        return [];
      case "stream_repeat":
        return [...texts, ...texts];
      case "stream_garbage":
        return texts.map((text) => text.slice(0, text.length / 2));
      case "stream_error":
        this.refuse(fault);
        return [];
      case "stream_close":
        if (fault.code === "reset" && this.#options.reset !== undefined) this.#options.reset();
        else this.close(fault.code === "reset" ? 1011 : fault.code);
        return [];
      case "stream_silence":
        this.#silentUntil = performance.now() + fault.ms;
        return [];
      case "stream_delay":
        this.#delayedUntil = Math.max(this.#delayedUntil, performance.now()) + fault.ms;
        return texts;
      case "stream_burst":
        return texts;
    }
  }

  /** Sends a message when it is due. */
  #later(text: string): void {
    const at = performance.now();
    if (at < this.#silentUntil) return;
    this.#waiting.push({ atMs: Math.max(at, this.#delayedUntil), text });
    if (this.#next === undefined) this.#sendDue();
  }

  #sendDue(): void {
    this.#next = undefined;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const inMs = first.atMs - performance.now();
      if (inMs > 0) {
        this.#next = setTimeout(() => this.#sendDue(), inMs);
        return;
      }
      this.#waiting.shift();
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(first.text);
    }
  }

  #restartQuiet(): void {
    clearTimeout(this.#quiet);
    if (!this.#isOver) this.#quiet = setTimeout(() => this.send(KEEP_ALIVE, "keep_alive"), this.#options.keepAliveMs);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#late);
    clearTimeout(this.#next);
    this.#options.ended();
  }
}

/** The key in a first message; the response to an unknown one is undocumented. */
function keyOf(data: unknown): SimulatedKey | undefined {
  if (typeof data !== "string") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  const { api_key_id: id, api_key_secret: secret } = Object(value);
  return Object.values<SimulatedKey>(SIMULATED_KEYS).find((key) =>
    key.id === id && key.secret === secret && !key.revoked
  );
}

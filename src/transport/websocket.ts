/**
 * A channel on a WebSocket: one JSON-RPC message a text frame, in both eras. What is promised to clients is written
 * down in `docs/websocket-transport.md`.
 */

import { getLogger } from "../logging/logger.ts";
import type { HeldClocks } from "../timing/held_clocks.ts";
import { Channel } from "./channel.ts";
import type { ChannelOptions } from "./channel.ts";
import { CLOSE } from "./close_codes.ts";
import type { Socket, SocketHandler } from "./listeners/listener.ts";

const log = getLogger(["luno-mcp-server", "websocket"]);

/** The subprotocol that clients may ask for. */
export const SUBPROTOCOL = "mcp";

/** Answers that may wait for a slow reader, in bytes; beyond them the reader is dropped. */
const OUTPUT_LIMIT = 8 * 1_048_576;

/** After how many characters it is looked at how much waits: asking the runtime costs as much as a small answer. */
const CHECK_EVERY = 65_536;

/** Settings of a {@linkcode SocketTransport}. */
export interface SocketTransportOptions extends ChannelOptions {
  /** How long a client may say nothing at all after the upgrade. */
  readonly firstMessageMs: number;
  /** How long a client may say nothing between messages. */
  readonly idleMs: number;
  /** Whether one more message of so many characters may come; who sends more is dropped. @default always */
  readonly afford?: (characters: number) => boolean;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Hold it while a message is handled. @default it always goes on */
  readonly clocks?: Pick<HeldClocks, "hold" | "release"> | undefined;
  /** Hears what is sent. */
  readonly sent?: (text: string) => void;
}

/** One client on a WebSocket. */
export class SocketTransport extends Channel {
  readonly #socket: Socket;
  readonly #options: SocketTransportOptions;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout>;
  #lastMs: number | undefined;
  #code: number = CLOSE.normal;
  #isOurs = false;
  #reason = "";
  #isCut = false;
  /** Characters that were sent since it was looked at how many wait; at first it is looked at once. */
  #unchecked = CHECK_EVERY;

  constructor(socket: Socket, options: SocketTransportOptions) {
    super(options);
    this.#socket = socket;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#timer = setTimeout(() => this.#checkSilence(), options.firstMessageMs);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** What the listener calls. */
  handler(): SocketHandler {
    return {
      text: (data) => this.#receiveText(data),
      binary: () => this.finish(CLOSE.unsupportedData, "expected text frames"),
      control: () => void this.#isAffordable(0),
      closed: (code) => {
        log.debug("socket closed", { close_code: code });
        void this.close();
      },
    };
  }

  #receiveText(text: string): void {
    const { clocks } = this.#options;
    clocks?.hold();
    try {
      if (!this.#isAffordable(text.length)) return;
      this.#lastMs = this.#now();
      this.receive(text);
    } finally {
      clocks?.release();
    }
  }

  /** The code that this end closed with; `undefined` where the other end did. */
  get closeCode(): number | undefined {
    return this.#isOurs ? this.#code : undefined;
  }

  protected get unread(): number {
    return this.#socket.bufferedAmount;
  }

  /** Ends the connection with a code and a reason. */
  finish(code: number, reason: string): void {
    if (this.isClosed) return;
    this.#code = code;
    this.#reason = reason;
    this.#isOurs = true;
    void this.close();
  }

  protected write(text: string): void {
    this.#unchecked += text.length;
    if (this.#unchecked >= CHECK_EVERY) {
      this.#unchecked = 0;
      if (this.#isStuck()) return void this.close();
    }
    this.#options.sent?.(text);
    this.#socket.send(text);
  }

  /** Ends the socket of a client that does not take in what it is sent; answers whether it did. */
  #isStuck(): boolean {
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount <= OUTPUT_LIMIT) return false;
    log.warning("client stopped reading; disconnecting", { buffered_bytes: bufferedAmount });
    this.#socket.terminate();
    return true;
  }

  protected end(): void {
    clearTimeout(this.#timer);
    if (this.#isCut) this.#socket.cut(this.#code, this.#reason);
    else this.#socket.close(this.#code, this.#reason);
  }

  /**
   * Whether what has come is to be looked at. A client that sends too much is disconnected at once: on the native listener nobody
   * else is served while messages of one client are waiting.
   */
  #isAffordable(characters: number): boolean {
    if (this.isClosed) return false;
    if (this.#options.afford?.(characters) !== false) return true;
    log.warning("client sends too much; disconnecting");
    this.#isCut = true;
    this.finish(CLOSE.policyViolation, "too many messages");
    return false;
  }

  /** Ends a silent connection, and looks again when one that spoke may have become silent. */
  #checkSilence(): void {
    if (this.#lastMs === undefined) return this.finish(CLOSE.policyViolation, "no message after the upgrade");
    // A client that waits for an answer, or to be told of changes, is not idle.
    if (this.pending > 0 || this.isSubscribed) this.#lastMs = this.#now();
    const leftMs = this.#lastMs + this.#options.idleMs - this.#now();
    if (leftMs <= 0) return this.finish(CLOSE.policyViolation, "idle for too long");
    this.#timer = setTimeout(() => this.#checkSilence(), leftMs);
  }
}

/**
 * A channel on a WebSocket: one JSON-RPC message per text frame, in all protocol revisions.
 * `docs/websocket-transport.md` documents the contract.
 */

import { getLogger } from "../logging/logger.ts";
import type { HeldClocks } from "../timing/held_clocks.ts";
import { Channel } from "./channel.ts";
import type { ChannelOptions } from "./channel_parts.ts";
import { CLOSE } from "./close_codes.ts";
import type { Socket, SocketHandler } from "./listeners/listener.ts";

const log = getLogger(["luno-mcp-server", "websocket"]);

/** The subprotocol that clients may request. */
export const SUBPROTOCOL = "mcp";

/** Unread answers, in bytes, above which the client is disconnected. */
const OUTPUT_LIMIT = 8 * 1_048_576;

/** After how many characters the unread amount is checked, as asking the runtime costs as much as a small answer. */
const CHECK_EVERY = 65_536;

/** Settings of a {@linkcode SocketTransport}. */
export interface SocketTransportOptions extends ChannelOptions {
  /** How long a client may be silent after the upgrade, in milliseconds. */
  readonly firstMessageMs: number;
  /** How long a client may be silent between messages, in milliseconds. */
  readonly idleMs: number;
  /**
   * Whether another message of this many characters is within the budget; otherwise the client is disconnected.
   *
   * @default always
   */
  readonly afford?: (characters: number) => boolean;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /**
   * Held while a message is handled.
   *
   * @default it always advances
   */
  readonly clocks?: Pick<HeldClocks, "hold" | "release"> | undefined;
  /** Called for sent messages. */
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
  /** Characters sent since the last check; initially so that the first message is checked. */
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

  /** The handlers for the listener. */
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

  /** The code that this end closed with; `undefined` if the other end closed. */
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

  /** Disconnects a client that does not read; returns whether it did. */
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
   * Whether to process a message. A client that sends too much is disconnected at once: on the native listener nobody
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

  /** Ends a silent connection, and checks again when an active one may have become silent. */
  #checkSilence(): void {
    if (this.#lastMs === undefined) return this.finish(CLOSE.policyViolation, "no message after the upgrade");
    // A client that waits for an answer or for notifications is not idle.
    if (this.pending > 0 || this.isSubscribed) this.#lastMs = this.#now();
    const leftMs = this.#lastMs + this.#options.idleMs - this.#now();
    if (leftMs <= 0) return this.finish(CLOSE.policyViolation, "idle for too long");
    this.#timer = setTimeout(() => this.#checkSilence(), leftMs);
  }
}

import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { CLOSE } from "../close_codes.ts";
import type { Acceptance, Socket, SocketHandler } from "./listener.ts";

/** Violations by a peer, by the codes of `ws`; anything else is a protocol error. */
const FAULTS: Readonly<Record<string, readonly [code: number, reason: string]>> = {
  WS_ERR_INVALID_UTF8: [CLOSE.invalidText, "invalid UTF-8"],
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: [CLOSE.tooBig, "message too big"],
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: [CLOSE.tooBig, "message too big"],
  WS_ERR_TOO_MANY_BUFFERED_PARTS: [CLOSE.policyViolation, "too many fragments"],
};

/** How long a peer that broke the rules has to receive the close frame. */
const FAULT_GRACE_MS = 500;

/** Parts of a {@linkcode HardenedSocket}. */
export interface HardenedSocketParts {
  /** The connection that carries it. */
  readonly connection: Duplex;
  readonly acceptance: Acceptance;
  /** Called once, when the socket is completely closed. */
  readonly gone: () => void;
}

/** One open socket of the hardened listener. */
export class HardenedSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  #isHolding = false;
  #answered = true;
  readonly #gone = Promise.withResolvers<void>();
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, { connection, acceptance, gone }: HardenedSocketParts) {
    this.#socket = socket;
    this.#connection = connection;
    const handler = acceptance.open(this);
    let fault: readonly [code: number, reason: string] | undefined;
    socket.on("message", (data, isBinary) => this.#receive(handler, { data, isBinary }));
    socket.on("ping", () => handler.control?.());
    socket.on("pong", () => {
      this.#answered = true;
      handler.control?.();
    });
    socket.on("error", (error) => {
      fault = faultOf(error);
      this.#terminateSoon();
    });
    socket.once("close", (code, reason) => {
      clearTimeout(this.#grace);
      gone();
      // `ws` answers the violation with the right code and then reports a broken connection.
      const [ownCode, ownReason] = fault ?? [code, reason.toString()];
      handler.closed(ownCode, ownReason);
      this.#gone.resolve();
    });
  }

  get isClosing(): boolean {
    return this.#socket.readyState === this.#socket.CLOSING;
  }

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#holdOutput();
    this.#socket.send(text);
  }

  /** Answers to frames that arrived together leave in one write. */
  #holdOutput(): void {
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#connection.cork();
    queueMicrotask(() => {
      this.#isHolding = false;
      this.#connection.uncork();
    });
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(code, reason);
  }

  cut(code: number, reason: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.close(code, reason);
    this.#socket.pause();
    this.#terminateSoon();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Pings the peer, or terminates the connection when the last ping was not answered. */
  beat(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#answered) return this.terminate();
    this.#answered = false;
    this.#socket.ping();
  }

  /** The close frame is being sent; further data of the peer is not read. */
  #terminateSoon(): void {
    this.#grace ??= setTimeout(() => this.#socket.terminate(), FAULT_GRACE_MS);
  }

  #receive(handler: SocketHandler, { data, isBinary }: { data: RawData; isBinary: boolean }): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (isBinary) handler.binary();
    else handler.text(data.toString());
  }
}

function faultOf(error: Error): readonly [code: number, reason: string] | undefined {
  const code = "code" in error ? String(error.code) : "";
  return FAULTS[code] ?? (code.startsWith("WS_ERR_") ? [CLOSE.protocolError, "protocol error"] : undefined);
}

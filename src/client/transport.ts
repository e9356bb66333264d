/** The official client's transport over WebSocket: one JSON-RPC message per text frame. It does not reconnect. */

import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import type { Socket } from "../transport/listeners/listener.ts";
import { ConnectionError } from "./connection_error.ts";
import { readReceived } from "./received_text.ts";
import { openSocket } from "./socket.ts";
import type { Endpoint, SocketOptions } from "./socket.ts";

/** One connection to a server; `start` rejects with a {@linkcode ConnectionError}. */
export class WebSocketClientTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  /** Resolves with the reason when an open connection has ended. */
  readonly ended: Promise<ConnectionError>;

  readonly #endpoint: Endpoint;
  readonly #options: SocketOptions;
  readonly #end = Promise.withResolvers<ConnectionError>();
  #socket: Socket | undefined;
  #cause: ConnectionError | undefined;
  #isClosing = false;

  constructor(endpoint: Endpoint, options: SocketOptions = {}) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.ended = this.#end.promise;
  }

  /** Why there is no connection; `undefined` while there is one. */
  get cause(): ConnectionError | undefined {
    return this.#cause;
  }

  async start(): Promise<void> {
    try {
      this.#socket = await openSocket(this.#endpoint, {
        text: (data) => this.#receive(data),
        closed: (cause) => this.#closed(cause),
      }, this.#options);
    } catch (error) {
      if (error instanceof ConnectionError) this.#cause = error;
      throw error;
    }
    if (this.#isClosing) this.#socket.close(1000, "");
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#socket === undefined || this.#cause !== undefined) {
      return Promise.reject(this.#cause ?? new ConnectionError("ERR_LOST", "There is no connection yet"));
    }
    this.#socket.send(JSON.stringify(message));
    return Promise.resolve();
  }

  /** Closes the connection; waits up to a second for the server. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#socket === undefined) return;
    this.#socket.close(1000, "");
    await this.ended;
  }

  #receive(text: string): void {
    const read = readReceived(text);
    if (read === undefined) this.onerror?.(new Error("The server sent a text that is no JSON-RPC message"));
    else this.onmessage?.(read);
  }

  #closed(cause: ConnectionError): void {
    this.#cause = this.#isClosing ? new ConnectionError("ERR_ENDED", "We closed the connection", { cause }) : cause;
    this.#end.resolve(this.#cause);
    this.onclose?.();
  }
}

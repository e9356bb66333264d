/**
 * The official client's transport over a series of connections: once the first one is open, the client notices
 * reconnections only by the calls that were lost. Subscriptions are restored.
 */

import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { Bridge } from "./bridge.ts";
import { ConnectionError } from "./connection_error.ts";
import type { Backoff } from "./reconnect_backoff.ts";
import { openSocket } from "./socket.ts";
import type { Endpoint, SocketOptions } from "./socket.ts";
import type { Sleep } from "../timing/sleep.ts";

/** How it reconnects. */
export interface ResumingOptions {
  readonly backoff: Backoff;
  readonly sleep: Sleep;
  /** Called with the reason whenever there is no connection, before each new attempt. */
  readonly lost: (cause: ConnectionError) => void;
}

/**
 * A series of connections to one server; `start` rejects with a {@linkcode ConnectionError} when the first one fails.
 */
export class ResumingTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  /** Resolves with the reason when no more attempts are made. */
  readonly ended: Promise<ConnectionError>;

  readonly #first = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<ConnectionError>();
  readonly #local: Transport;
  readonly #bridge: Bridge;
  #isConnected = false;
  #cause: ConnectionError | undefined;

  constructor(endpoint: Endpoint, { signal, ...options }: SocketOptions, { backoff, sleep, lost }: ResumingOptions) {
    this.ended = this.#end.promise;
    this.#local = {
      start: () => Promise.resolve(),
      send: (message) => Promise.resolve(this.onmessage?.(message)),
      close: () => Promise.resolve(),
    };
    this.#bridge = new Bridge(this.#local, {
      backoff,
      sleep,
      lost,
      open: async (handler, ended) => {
        try {
          const giveUp = signal === undefined || this.#isConnected ? ended : AbortSignal.any([ended, signal]);
          const socket = await openSocket(endpoint, handler, { ...options, signal: giveUp });
          this.#isConnected = true;
          this.#first.resolve();
          return socket;
        } catch (error) {
          if (!this.#isConnected) this.#first.reject(error);
          throw error;
        }
      },
    });
  }

  /** Why there will be no further connection; `undefined` while there may be one. */
  get cause(): ConnectionError | undefined {
    return this.#cause;
  }

  async start(): Promise<void> {
    void this.#run();
    try {
      await this.#first.promise;
    } catch (error) {
      this.#over(error instanceof ConnectionError ? error : new ConnectionError("ERR_LOST", "No connection"));
      throw error;
    }
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#cause !== undefined) return Promise.reject(this.#cause);
    this.#local.onmessage?.(message);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#over(new ConnectionError("ERR_ENDED", "We closed the connection"));
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    try {
      await this.#bridge.run();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#over(error);
    }
  }

  #over(cause: ConnectionError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#bridge.close(cause);
    this.#end.resolve(cause);
    this.onclose?.();
  }
}

/** A client on a WebSocket that can send headers, and whose answers come one at a time. */

import assert from "node:assert/strict";
import type { WebSocket } from "ws";
import { INITIALIZE_PARAMS } from "./requests.ts";
import type { Json } from "./requests.ts";

/** A WebSocket of a test. */
export class SocketClient {
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #answers: Json[] = [];
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake.reject(new Error(`closed: ${code}`));
        this.#wake.promise.catch(() => {});
      })
    );
    socket.on("message", (data) => {
      this.#answers.push(JSON.parse(String(data)));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
    });
  }

  static async open(socket: WebSocket): Promise<SocketClient> {
    const connected = new SocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on("open", () => resolve());
      socket.on("error", reject);
    });
    return connected;
  }

  /** The subprotocol that the server chose. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async next(): Promise<Json> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      await this.#wake.promise;
    }
  }

  /** Sends a request and gives the next answer. */
  async ask(method: string, params: object = {}, id: number | string = 1): Promise<Json> {
    this.send({ jsonrpc: "2.0", id, method, params });
    return await this.next();
  }

  /** The opening of a 2025-era client. */
  async initialize(): Promise<this> {
    assert.ok((await this.ask("initialize", INITIALIZE_PARAMS, "init")).result);
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return this;
  }

  /** Breaks the connection without a word. */
  async break(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }
}

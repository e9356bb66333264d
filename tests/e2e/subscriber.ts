/** A client over WebSocket that subscribes to resources, and waits for their changes. */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import type { RunningServer } from "./servers.ts";

/** For what comes within a moment: a notification that never does fails its test. */
const LONGEST_WAIT_MS = 120_000;

/** Disposing disconnects it. */
export class Subscriber implements AsyncDisposable {
  readonly #client = new Client({ name: "subscriber", version: "1" });
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  private constructor() {
    this.#client.fallbackNotificationHandler = ({ params }: { params?: Record<string, unknown> }) => {
      const uri = String(params?.uri);
      this.#waiting.get(uri)?.resolve();
      this.#waiting.delete(uri);
      return Promise.resolve();
    };
  }

  static async connect(server: RunningServer): Promise<Subscriber> {
    const subscriber = new Subscriber();
    await subscriber.#client.connect(new WebSocketClientTransport(new URL(server.ws)));
    return subscriber;
  }

  async subscribe(uri: string): Promise<void> {
    await this.#client.subscribeResource({ uri });
  }

  /** Resolves with the next notification of a resource. */
  async changeOf(uri: string): Promise<void> {
    const waiting = this.#waiting.get(uri) ?? Promise.withResolvers<void>();
    this.#waiting.set(uri, waiting);
    const limit = setTimeout(() => waiting.reject(new Error(`Nobody was told of ${uri}`)), LONGEST_WAIT_MS);
    await waiting.promise.finally(() => clearTimeout(limit));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

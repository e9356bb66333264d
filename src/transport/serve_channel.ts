/** Connects a client's channel to the SDK, which answers what our own code leaves to it. */

import type { JSONRPCMessage, RequestId, Server, Transport } from "@modelcontextprotocol/server";
import { INTERNAL_ERROR } from "../errors/rpc_codes.ts";
import { endedSubscription } from "../protocol/revision.ts";
import type { ToldMessage } from "../protocol/opening.ts";
import type { Channel } from "./channel.ts";
import { isRequest } from "./json_rpc.ts";

/** What serving a channel needs. */
export interface ChannelParts {
  /** The opening that was answered without the server, which it must be given before its first message. */
  readonly opening?: { tell(): readonly ToldMessage[] };
  /** Loads the code that creates a server for this client. */
  readonly loadServer: () => Promise<() => Server>;
  readonly failed: (error: Error) => void;
}

/**
 * Serves one client until its channel or the returned `close` ends it. The SDK is loaded, and a server created, with
 * the first message for it.
 */
export function serveChannel(channel: Channel, parts: ChannelParts): { close(): Promise<void> } {
  const connection = new LateConnection(channel, parts);
  void channel.start();
  return { close: () => connection.end() };
}

/** A channel as the SDK's transport, created with the first message for it. */
class LateConnection implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  readonly #channel: Channel;
  readonly #parts: ChannelParts;
  /** Messages that arrived while the SDK was being loaded. */
  #waiting: JSONRPCMessage[] | undefined;
  /** The id of the repeated opening, whose answer is not for the client. */
  readonly #told = new Map<RequestId, () => void>();
  #handle: { close(): Promise<void> } | undefined;

  constructor(channel: Channel, parts: ChannelParts) {
    this.#channel = channel;
    this.#parts = parts;
    channel.onmessage = (message) => this.#take(message);
    channel.onclose = () => this.onclose?.();
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const heard = "method" in message || message.id === undefined ? undefined : this.#told.get(message.id);
    if (heard !== undefined) return heard();
    await this.#channel.send(message);
    const ended = endedSubscription(message);
    if (ended === undefined) return;
    this.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: ended.id } });
    await this.#channel.send(ended);
  }

  /** Called by the SDK. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  /** Ends the connection and everything that was created for it. */
  async end(): Promise<void> {
    await this.#handle?.close();
    await this.#channel.close();
  }

  #take(message: JSONRPCMessage): void {
    if (this.#waiting !== undefined) return void this.#waiting.push(message);
    if (this.#handle !== undefined) return this.onmessage?.(message);
    this.#waiting = [message];
    void this.#connect(this.#parts.opening?.tell() ?? []);
  }

  async #connect(opening: readonly ToldMessage[]): Promise<void> {
    try {
      const { loadServer, failed } = this.#parts;
      const [{ serveStdio }, createServer] = await Promise.all([
        import("@modelcontextprotocol/server/stdio"),
        loadServer(),
      ]);
      if (this.#channel.isClosed) return;
      this.#handle = serveStdio(createServer, { transport: this, onerror: failed });
      for (const message of opening) await this.#tell(message);
      for (const message of this.#waiting?.splice(0) ?? []) this.onmessage?.(message);
    } catch (error) {
      this.#parts.failed(error instanceof Error ? error : new Error(String(error)));
      for (const { id } of this.#waiting?.filter(isRequest) ?? []) {
        void this.#channel.send({ jsonrpc: "2.0", id, error: { code: INTERNAL_ERROR, message: "Internal error" } });
      }
    } finally {
      this.#waiting = undefined;
    }
  }

  /** Passes a message to the server; its answer is not forwarded. */
  async #tell(message: ToldMessage): Promise<void> {
    if (message.method.startsWith("notifications/")) return this.onmessage?.(message);
    const id = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#told.set(id, resolve);
    this.onmessage?.({ ...message, id });
    await promise;
    this.#told.delete(id);
  }
}

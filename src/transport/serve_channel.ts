/** Joins a client's channel with the protocol's library, which answers what our own code leaves to it. */

import type { JSONRPCMessage, RequestId, Server, Transport } from "@modelcontextprotocol/server";
import { INTERNAL_ERROR } from "../errors/rpc_codes.ts";
import { endedSubscription } from "../protocol/revision.ts";
import type { ToldMessage } from "../protocol/opening.ts";
import type { Channel } from "./channel.ts";
import { isRequest } from "./json_rpc.ts";

/** What a channel is served with. */
export interface ChannelParts {
  /** What a server made late has to be told before its first message, as it was answered without it. */
  readonly opening?: { tell(): readonly ToldMessage[] };
  /** Loads what makes a server of this client. */
  readonly loadServer: () => Promise<() => Server>;
  readonly failed: (error: Error) => void;
}

/**
 * Serves one client until its channel or the answer's `close` ends it. The library is loaded, and a server made, with the
 * first message that comes to it.
 */
export function serveChannel(channel: Channel, parts: ChannelParts): { close(): Promise<void> } {
  const connection = new LateConnection(channel, parts);
  void channel.start();
  return { close: () => connection.end() };
}

/** A channel as the library's transport, from the first message for it on. */
class LateConnection implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  readonly #channel: Channel;
  readonly #parts: ChannelParts;
  /** What came while the library was loaded. */
  #waiting: JSONRPCMessage[] | undefined;
  /** The answer to what it is told, which is not the client's. */
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

  /** What the library calls. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  /** Ends the connection and all that was made for it. */
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

  /** Tells the server a message; its answer stays here. */
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

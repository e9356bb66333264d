/**
 * The protocol's stdio transport on plain byte streams: one JSON-RPC message a line, UTF-8.
 *
 * It bounds a line's size, answers lines that are not a message, joins what is ready into one write, and stops reading
 * while the client does not take what it asked for. It decides nothing about the protocol's eras or methods.
 */

import { parseJSONRPCMessage } from "@modelcontextprotocol/server";
import type { JSONRPCMessage, RequestId, Transport } from "@modelcontextprotocol/server";
import { getLogger } from "@logtape/logtape";
import { LineSplitter } from "./lines.ts";
import type { Line } from "./lines.ts";
import { findRequestId } from "./request_id.ts";

const log = getLogger(["luno-mcp-server", "stdio"]);

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

/** Answers that may wait for a slow reader, in characters, before no further request is read. */
const OUTPUT_LIMIT = 8 * 1_048_576;

/** The streams of a process. */
export interface StdioStreams {
  readonly stdin: { read(buffer: Uint8Array): Promise<number | null> };
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
}

/** One client on a pair of streams. Closes itself when its input ends, is not taken off its hands, or `close` is called. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  /** Resolves when the client has closed its end; what it asked before may still be running. */
  readonly ended: Promise<void>;

  readonly #streams: StdioStreams;
  readonly #maxMessageSize: number;
  readonly #encoder = new TextEncoder();
  readonly #inFlight = new Set<RequestId>();
  readonly #end = Promise.withResolvers<void>();
  #output: string[] = [];
  #outputLength = 0;
  #writing: Promise<void> | undefined;
  #idle = Promise.withResolvers<void>();
  #closed = false;

  constructor(streams: StdioStreams, options: { maxMessageSize: number }) {
    this.#streams = streams;
    this.#maxMessageSize = options.maxMessageSize;
    this.ended = this.#end.promise;
  }

  /** Whether nobody can be answered any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  start(): Promise<void> {
    void this.#read().finally(this.#end.resolve);
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    this.#write(JSON.stringify(message));
    if (!("method" in message)) this.#settle(message.id);
    return Promise.resolve();
  }

  /** Waits until every request is answered and every answer is written, at most `timeoutMs`; answers whether it came to that. */
  async drain(timeoutMs: number): Promise<boolean> {
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
    const done = await Promise.race([this.#quiet(), timeout.promise]);
    clearTimeout(timer);
    return done;
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#output = [];
      this.#idle.resolve();
      this.#end.resolve();
      this.onclose?.();
    }
    return Promise.resolve();
  }

  async #quiet(): Promise<boolean> {
    while (this.#inFlight.size > 0 && !this.#closed) await this.#idle.promise;
    await this.#writing;
    return !this.#closed;
  }

  async #read(): Promise<void> {
    const lines = new LineSplitter(this.#maxMessageSize);
    const buffer = new Uint8Array(65_536);
    try {
      while (!this.#closed) {
        const count = await this.#streams.stdin.read(buffer);
        if (count === null) break;
        for (const line of lines.push(buffer.subarray(0, count))) this.#receive(line);
        while (this.#outputLength > OUTPUT_LIMIT && this.#writing !== undefined) await this.#writing;
      }
      const rest = lines.end();
      if (rest !== undefined) this.#receive(rest);
    } catch (error) {
      log.debug("stdin failed", { error });
    }
  }

  #receive(line: Line): void {
    if (this.#closed) return;
    if (line.kind === "text") return this.#receiveText(line.text);
    const error = line.kind === "oversized"
      ? {
        code: INVALID_REQUEST,
        message: `Message too large: expected at most ${this.#maxMessageSize} bytes: current size is ${line.size}`,
      }
      : { code: PARSE_ERROR, message: "Parse error: expected UTF-8" };
    this.#refuse(findRequestId(line), error);
  }

  #receiveText(text: string): void {
    if (text.trim() === "") return;
    const value = parseLine(text);
    if (value === undefined) {
      const error = { code: PARSE_ERROR, message: "Parse error: expected one JSON value a line" };
      return this.#refuse(findRequestId({ head: text }), error);
    }
    if (Array.isArray(value)) return this.#refuseBatch(value);
    this.#deliver(value);
  }

  #deliver(value: unknown): void {
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(value);
    } catch {
      return this.#refuse(idOf(value), {
        code: INVALID_REQUEST,
        message: "Invalid request: expected a JSON-RPC 2.0 message",
      });
    }
    if ("method" in message && "id" in message) {
      if (this.#inFlight.has(message.id)) {
        return this.#refuse(message.id, {
          code: INVALID_REQUEST,
          message: "Invalid request: id is in use by a request that is not answered yet",
        });
      }
      this.#inFlight.add(message.id);
    }
    this.onmessage?.(message);
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.#settle(cancelled);
  }

  #refuseBatch(batch: readonly unknown[]): void {
    const ids = batch.map(idOf).filter((id) => id !== null).slice(0, 100);
    const error = {
      code: INVALID_REQUEST,
      message: "Invalid request: batches are not supported, send one message a line",
    };
    for (const id of ids.length > 0 ? ids : [null]) this.#refuse(id, error);
  }

  #refuse(id: RequestId | null, error: { code: number; message: string }): void {
    log.debug("refused a line", { id, ...error });
    this.#write(JSON.stringify({ jsonrpc: "2.0", id, error }));
  }

  #settle(id: RequestId | undefined): void {
    if (id !== undefined) this.#inFlight.delete(id);
    if (this.#inFlight.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers<void>();
  }

  #write(line: string): void {
    if (this.#closed) return;
    this.#output.push(line);
    this.#outputLength += line.length + 1;
    this.#writing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    await new Promise(setImmediate); // Answers that become ready together leave in one write.
    try {
      while (this.#output.length > 0) {
        const bytes = this.#encoder.encode(`${this.#output.join("\n")}\n`);
        this.#output = [];
        this.#outputLength = 0;
        for (let written = 0; written < bytes.length;) {
          written += await this.#streams.stdout.write(bytes.subarray(written));
        }
      }
    } catch (error) {
      log.debug("stdout is closed", { error });
      void this.close();
    } finally {
      this.#writing = undefined;
    }
  }
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function idOf(value: unknown): RequestId | null {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  return typeof value.id === "string" || Number.isSafeInteger(value.id) ? value.id as RequestId : null;
}

function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const id = message.params?.requestId;
  return typeof id === "string" || typeof id === "number" ? id : undefined;
}

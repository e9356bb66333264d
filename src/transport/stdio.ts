/**
 * A channel on a process's streams: one JSON-RPC message per line, UTF-8.
 *
 * It limits the size of a line, joins available output into one write, and stops reading while the client does not read
 * its answers.
 */

import { getLogger } from "../logging/logger.ts";
import { Channel } from "./channel.ts";
import type { ChannelOptions } from "./channel_parts.ts";
import { reasonOf } from "../errors/reason_of.ts";
import { INVALID_REQUEST, PARSE_ERROR } from "../errors/rpc_codes.ts";
import type { HeldClocks } from "../timing/held_clocks.ts";
import { TokenBucket } from "../timing/token_bucket.ts";
import { LineSplitter } from "./lines.ts";
import type { Line } from "./lines.ts";
import { findRequestId } from "./request_id.ts";

const log = getLogger(["luno-mcp-server", "stdio"]);

/** Unread answers, in characters, above which no further request is read. */
const OUTPUT_LIMIT = 8 * 1_048_576;

/** The most unread output in all, in characters, as notifications are sent however slowly the client reads. */
const OUTPUT_MAX = 4 * OUTPUT_LIMIT;

/** The most queued requests, in characters: beyond that neither cancellations nor the end of the input are noticed. */
const WAITING_LIMIT = 1_048_576;

/**
 * Lines that are read at once, and per second: more than clients send, so that a flood leaves time for calls. A tenth
 * of it delayed clients with many calls in flight, and each call behind a flood for longer.
 */
const LINE_RATE = { size: 100_000, perMs: 100 };

/** Lines after which other work gets a turn. */
const LINES_A_TURN = 256;

/** The streams of a process. */
export interface StdioStreams {
  readonly stdin: { read(buffer: Uint8Array): Promise<number | null> };
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
}

/** Settings of a {@linkcode StdioTransport}. */
export interface StdioTransportOptions extends ChannelOptions {
  /** Largest line, in bytes. */
  readonly maxMessageSize: number;
  /**
   * Holds the clocks while a message is handled.
   *
   * @default they always advance
   */
  readonly clocks?: Pick<HeldClocks, "hold" | "release"> | undefined;
}

/** One client on a pair of streams. */
export class StdioTransport extends Channel {
  /** Resolves when the client has closed its end; its requests may still be running. */
  readonly ended: Promise<void>;

  readonly #streams: StdioStreams;
  readonly #maxMessageSize: number;
  readonly #clocks: StdioTransportOptions["clocks"];
  #lines = 0;
  readonly #pace = new TokenBucket(LINE_RATE, performance.now());
  readonly #encoder = new TextEncoder();
  readonly #end = Promise.withResolvers<void>();
  #output: string[] = [];
  #outputLength = 0;
  #writing: Promise<void> | undefined;

  constructor(streams: StdioStreams, { maxMessageSize, clocks, ...options }: StdioTransportOptions) {
    super(options);
    this.#streams = streams;
    this.#maxMessageSize = maxMessageSize;
    this.#clocks = clocks;
    this.ended = this.#end.promise;
  }

  protected get unread(): number {
    return this.#outputLength;
  }

  start(): Promise<void> {
    void this.#read().finally(this.#end.resolve);
    return Promise.resolve();
  }

  protected override async quiet(): Promise<void> {
    await super.quiet();
    await this.#writing;
  }

  protected write(text: string): void {
    this.#outputLength += text.length + 1;
    if (this.#outputLength > OUTPUT_MAX) {
      log.warning("client stopped reading; disconnecting", { buffered_bytes: this.#outputLength });
      return void this.close();
    }
    this.#output.push(text);
    this.#writing ??= this.#flush();
  }

  protected end(): void {
    this.#output = [];
    this.#end.resolve();
  }

  async #read(): Promise<void> {
    const lines = new LineSplitter(this.#maxMessageSize);
    const buffer = new Uint8Array(65_536);
    try {
      while (!this.isClosed) {
        const count = await this.#streams.stdin.read(buffer);
        if (count === null) break;
        await this.#receiveAll(lines.push(buffer.subarray(0, count)));
        while (this.#outputLength > OUTPUT_LIMIT && this.#writing !== undefined) await this.#writing;
        await this.room(WAITING_LIMIT);
      }
      const rest = lines.end();
      if (rest !== undefined) this.#receive(rest);
    } catch (error) {
      log.warning("cannot read stdin; ending", { error: reasonOf(error) });
    }
  }

  /** There is one client and nobody to protect from it: when it sends too much, it is read more slowly. */
  async #receiveAll(lines: Iterable<Line>): Promise<void> {
    for (const line of lines) {
      this.#receive(line);
      if (++this.#lines % LINES_A_TURN > 0) continue;
      const waitMs = this.#pace.take(LINES_A_TURN, { rate: LINE_RATE, atMs: performance.now() });
      await new Promise((resolve) => waitMs === 0 ? setImmediate(resolve) : setTimeout(resolve, waitMs));
    }
  }

  #receiveText(text: string): void {
    if (text.trim() === "") return;
    this.#clocks?.hold();
    try {
      this.receive(text);
    } finally {
      this.#clocks?.release();
    }
  }

  #receive(line: Line): void {
    if (line.kind === "text") return this.#receiveText(line.text);
    if (this.isClosed) return;
    const error = line.kind === "oversized"
      ? {
        code: INVALID_REQUEST,
        message: `Message too large: expected at most ${this.#maxMessageSize} bytes: current size is ${line.size}`,
      }
      : { code: PARSE_ERROR, message: "Parse error: expected UTF-8" };
    this.refuse(findRequestId(line), error);
  }

  async #flush(): Promise<void> {
    await undefined; // Answers that become ready together leave in one write, as do those that are added during a write.
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
      if (error instanceof Deno.errors.BrokenPipe) log.debug("stdout is closed", { error });
      else log.error("cannot write stdout, the connection is closed", { reason: String(error) });
      void this.close();
    } finally {
      this.#writing = undefined;
    }
  }
}

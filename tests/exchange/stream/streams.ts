/** Streams of tests: against a simulated exchange, or against one that is broken by hand. */

import { StreamSessions } from "../../../src/exchange/stream/stream_sessions.ts";
import type { StreamParts } from "../../../src/exchange/stream/stream_link.ts";
import type { MarketChange } from "../../../src/exchange/stream/market_feed.ts";
import { MarketStream } from "../../../src/exchange/stream/market_stream.ts";
import type { StreamProblem } from "../../../src/exchange/stream/stream_problem.ts";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { FakeClock } from "../fake_clock.ts";
import type { Buffer } from "node:buffer";
// @ts-types="@types/ws"
import { WebSocket, WebSocketServer } from "ws";

/** What a stream needs, on a clock that moves when told; pauses between connections are as long as they may be. */
export function partsOf(url: string, clock: FakeClock): StreamParts {
  return {
    url: new URL(url.replace(/^http/, "ws")),
    credentials: SIMULATED_KEYS.trading,
    sessions: new StreamSessions(),
    now: clock.now,
    random: () => 1,
    sleep: clock.sleep,
  };
}

/** A market stream, and everything that it told. */
export class HeardStream implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly stream: MarketStream;
  readonly changes: MarketChange[] = [];
  readonly problems: StreamProblem[] = [];
  #told = Promise.withResolvers<void>();

  constructor(
    url: string,
    { pair = "XBTZAR", clock = new FakeClock(), ...parts }: Partial<StreamParts> & {
      pair?: string;
      clock?: FakeClock;
    } = {},
  ) {
    this.clock = clock;
    this.stream = new MarketStream({
      ...partsOf(url, clock),
      ...parts,
      pair,
      changed: (change) => {
        this.changes.push(change);
        this.#tell();
      },
      lost: (problem) => {
        this.problems.push(problem);
        this.#tell();
      },
    });
  }

  /** Waits for what the stream tells. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await this.#told.promise;
  }

  async live(): Promise<void> {
    await this.until(() => this.stream.status.isLive);
  }

  async sequence(sequence: bigint): Promise<void> {
    await this.until(() => this.stream.status.isLive && (this.stream.book?.sequence ?? 0n) >= sequence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stream.close();
  }

  #tell(): void {
    const { resolve } = this.#told;
    this.#told = Promise.withResolvers();
    resolve();
  }
}

/** One connection of a {@linkcode BrokenUpstream}. */
export interface Reader {
  readonly socket: WebSocket;
  readonly path: string;
  readonly credentials: string;
}

/** An upstream on loopback that does what a test tells it, after it has read the credentials. */
export class BrokenUpstream implements AsyncDisposable {
  readonly url: string;
  readonly readers: Reader[] = [];
  readonly #server: WebSocketServer;
  #told = Promise.withResolvers<void>();

  private constructor(server: WebSocketServer, port: number, serve: (reader: Reader, count: number) => void) {
    this.url = `ws://127.0.0.1:${port}`;
    this.#server = server;
    server.on("connection", (socket, request) => {
      socket.on("error", () => {});
      socket.once("message", (data: Buffer) => {
        const reader = { socket, path: request.url ?? "", credentials: data.toString() };
        this.readers.push(reader);
        serve(reader, this.readers.length);
        const { resolve } = this.#told;
        this.#told = Promise.withResolvers();
        resolve();
      });
    });
  }

  static async start(
    serve: (reader: Reader, count: number) => void,
    { autoPong = true }: { readonly autoPong?: boolean } = {},
  ): Promise<BrokenUpstream> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, autoPong });
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    return new BrokenUpstream(server, typeof address === "object" && address !== null ? address.port : 0, serve);
  }

  /** Waits for so many connections. */
  async connected(count: number): Promise<void> {
    while (this.readers.length < count) await this.#told.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

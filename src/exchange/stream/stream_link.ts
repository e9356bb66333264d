/**
 * Keeps one stream connected: reconnects with backoff and full jitter, within the number of sessions that the exchange
 * allows. Each connection starts without state, with a receiver of its own.
 */

import { getLogger } from "../../logging/logger.ts";
import { createRedactor, type Redact, secretsOf } from "../../secrets/redaction.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import type { Sleep } from "../../timing/sleep.ts";
import { isFinal, type StreamProblem } from "./stream_problem.ts";
import type { Receiver, StreamCredentials } from "./stream_socket.ts";
import type { StreamSessions } from "./stream_sessions.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** What all streams of a process share. */
export interface StreamParts {
  /** `wss://ws.luno.com`, without a path. */
  readonly url: URL;
  readonly credentials: StreamCredentials;
  readonly sessions: StreamSessions;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly sleep: Sleep;
}

/** Settings of one stream. */
export interface LinkOptions extends StreamParts {
  /** Such as `/api/1/stream/XBTZAR`. */
  readonly path: string;
  /** Creates the receiver; called before each connection. */
  readonly receiver: () => Receiver;
  /** Called after each connection that ended unexpectedly. */
  readonly lost: (problem: StreamProblem) => void;
}

/** The history of a stream since its start. */
export interface LinkCounts {
  /** The number of connections opened. */
  readonly connections: number;
  /** Lost connections, by reason. */
  readonly lost: Readonly<Record<string, number>>;
}

const PAUSES = { firstMs: 1_000, longestMs: 60_000 };

/** The number of failed attempts after which a pause may reach its maximum. */
const LONG_ATTEMPT = 7;

/** A connection that lasted this long was healthy: the next pause is short. */
const GOOD_MS = 60_000;

/** Keeps a stream connected. */
export class StreamLink {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  /** The exchange's messages may repeat what was sent, the credentials included. */
  readonly #redact: Redact;
  readonly #lost: Record<string, number> = {};
  readonly #finished: Promise<void>;
  #connections = 0;
  #refusal: StreamProblem | undefined;

  /** Connects at once. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#redact = createRedactor(secretsOf(options.credentials));
    this.#finished = this.#run();
  }

  /** Why the exchange refuses this stream, which was then given up; `undefined` otherwise. */
  get refusal(): StreamProblem | undefined {
    return this.#refusal;
  }

  get counts(): LinkCounts {
    return { connections: this.#connections, lost: this.#lost };
  }

  /** Disconnects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#finished;
  }

  async #run(): Promise<void> {
    const { now, sleep, path, lost } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const startedAt = now();
      const ended = await this.#connect();
      if (ended === undefined || signal.aborted) return;
      const problem = { ...ended, detail: this.#redact(ended.detail) };
      this.#lost[problem.code] = (this.#lost[problem.code] ?? 0) + 1;
      if (isFinal(problem)) this.#refusal = problem;
      log.warning(isFinal(problem) ? "stream refused" : "stream lost", { path, ...problem });
      lost(problem);
      if (this.#refusal !== undefined) return;
      if (now() - startedAt >= GOOD_MS) attempt = 1;
      if (problem.code === "session_limit") attempt = Math.max(attempt, LONG_ATTEMPT);
      await sleep(pauseAfter(attempt, { ...PAUSES, random: this.#options.random }), signal).catch(() => {});
    }
  }

  async #connect(): Promise<StreamProblem | undefined> {
    const { url, path, credentials, now, sleep, sessions, receiver } = this.#options;
    const { signal } = this.#closing;
    using session = sessions.take();
    if (session === undefined) return { code: "session_limit", detail: `this process holds ${sessions.limit}` };
    const { runConnection } = await import("./stream_socket.ts");
    this.#connections++;
    const target = new URL(path, url);
    return await runConnection({ url: target, credentials, now, sleep, signal, receiver: receiver() });
  }
}

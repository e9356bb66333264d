/**
 * Stays connected to one stream: connects, and connects again with backoff and full jitter, within the sessions that the
 * exchange allows. Each connection starts from nothing, with a receiver of its own.
 */

import { getLogger } from "../../logging/logger.ts";
import { createRedactor, type Redact, secretsOf } from "../../secrets/redaction.ts";
import { pauseAfter } from "../../timing/backoff.ts";
import type { Sleep } from "../../timing/sleep.ts";
import { isFinal, type StreamProblem } from "./stream_problem.ts";
import type { Receiver, StreamCredentials } from "./stream_socket.ts";
import type { StreamSessions } from "./stream_sessions.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** What every stream of a process shares. */
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

/** One stream, and who hears it. */
export interface LinkOptions extends StreamParts {
  /** Such as `/api/1/stream/XBTZAR`. */
  readonly path: string;
  /** Called before each connection. */
  readonly receiver: () => Receiver;
  /** Called after each connection that ended by itself. */
  readonly lost: (problem: StreamProblem) => void;
}

/** How a stream has fared since it was started. */
export interface LinkCounts {
  /** Connections that were opened. */
  readonly connections: number;
  /** By why they ended. */
  readonly lost: Readonly<Record<string, number>>;
}

const PAUSES = { firstMs: 1_000, longestMs: 60_000 };

/** From this attempt on a pause may be the longest. */
const LONG_ATTEMPT = 7;

/** A connection that lasted so long was a good one: the next pause is a short one. */
const GOOD_MS = 60_000;

/** A stream that is connected as long as it can be. */
export class StreamLink {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  /** What the exchange says may repeat what it was sent. */
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

  /** Why the exchange will not have this stream, so that it was given up; `undefined` while there is hope. */
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

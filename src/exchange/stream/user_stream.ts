/**
 * The user stream: changes of own orders and balances as they happen. It has no snapshot: its owner first reads orders
 * and balances over REST, and again after a gap that the exchange cannot fill.
 */

import { getLogger } from "../../logging/logger.ts";
import { FrameError } from "./market_frames.ts";
import { type LinkCounts, StreamLink, type StreamParts } from "./stream_link.ts";
import { problemOf, type StreamProblem } from "./stream_problem.ts";
import type { Receiver } from "./stream_socket.ts";
import { readUserFrame, type UserEvent } from "./user_frames.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** Receives changes of own orders and balances; must not throw. */
export interface UserStreamListener {
  /** A change. Reported once, although the exchange repeats some after a reconnection. */
  readonly event: (event: UserEvent) => void;
  /**
   * The exchange has accepted the key. `mayHaveMissed`: this is the first connection, or the gap was longer than the
   * exchange keeps messages, so orders and balances must be read over REST.
   */
  readonly connected: (connection: { readonly mayHaveMissed: boolean }) => void;
  /** The stream is not connected any more. */
  readonly lost: (problem: StreamProblem) => void;
}

/** The state of the stream. */
export interface UserStreamStatus extends LinkCounts {
  /** Whether the exchange has accepted the key and is sending. */
  readonly isLive: boolean;
  /** Time since the last sign of life from the exchange, in milliseconds; infinite before the first. */
  readonly ageMs: number;
  /** The number of gaps longer than the exchange keeps messages. */
  readonly gaps: number;
  readonly events: number;
  /** Why it was last disconnected; `null` while it is live, and before the first time. */
  readonly problem: StreamProblem | null;
}

/** The exchange keeps messages for five minutes for a client that reconnects; some of that time is lost on the way. */
const KEPT_MS = 285_000;

/**
 * The exchange does not acknowledge credentials. They are accepted when it sends a message, or is still there after
 * this time: it refuses invalid ones at once, and always within 10 s.
 */
const ADMITTED_MS = 11_000;

/** Messages remembered to detect repetitions; more than a busy account causes in five minutes. */
const MOST_REMEMBERED = 2_000;

/** The stream of one key, from the constructor to `close()`. */
export class UserStream {
  readonly #now: () => number;
  readonly #listener: UserStreamListener;
  readonly #link: StreamLink;
  /** The latest messages, to detect repetitions. */
  readonly #remembered = new Set<string>();
  #isLive = false;
  #heardAt = -Infinity;
  #events = 0;
  #gaps = 0;
  #problem: StreamProblem | null = null;

  /** Connects at once. */
  constructor(parts: StreamParts, listener: UserStreamListener) {
    this.#now = parts.now;
    this.#listener = listener;
    this.#link = new StreamLink({
      ...parts,
      path: "/api/1/userstream",
      receiver: () => this.#receiver(),
      lost: (problem) => {
        this.#isLive = false;
        this.#problem = problem;
        listener.lost(problem);
      },
    });
  }

  /** Why the exchange refuses this stream, which has then ended. */
  get refusal(): StreamProblem | undefined {
    return this.#link.refusal;
  }

  get status(): UserStreamStatus {
    return {
      ...this.#link.counts,
      isLive: this.#isLive,
      ageMs: this.#now() - this.#heardAt,
      gaps: this.#gaps,
      events: this.#events,
      problem: this.#problem,
    };
  }

  /** Disconnects. */
  async close(): Promise<void> {
    this.#isLive = false;
    await this.#link.close();
  }

  /** The receiver of one connection. */
  #receiver(): Receiver {
    let openedAt: number | undefined;
    return {
      isReady: true,
      heard: () => {
        openedAt ??= this.#now();
        if (this.#isLive || this.#now() - openedAt >= ADMITTED_MS) this.#hear();
      },
      take: (text) => {
        try {
          const frame = readUserFrame(text);
          if (frame.kind === "error") return problemOf(frame);
          this.#hear();
          if (frame.kind === "event" && this.#isFirst(text)) {
            this.#events++;
            this.#listener.event(frame.event);
          }
          return undefined;
        } catch (error) {
          if (error instanceof FrameError) return { code: "garbage", detail: error.message };
          log.error("cannot process a message of the user stream", { error });
          return { code: "garbage", detail: "a message that this program fails on" };
        }
      },
    };
  }

  /** The exchange has accepted the key, and is sending. */
  #hear(): void {
    const awayMs = this.#now() - this.#heardAt;
    this.#heardAt = this.#now();
    if (this.#isLive) return;
    this.#isLive = true;
    this.#problem = null;
    const mayHaveMissed = awayMs > KEPT_MS;
    if (mayHaveMissed && Number.isFinite(awayMs)) this.#gaps++;
    this.#listener.connected({ mayHaveMissed });
  }

  #isFirst(text: string): boolean {
    if (this.#remembered.has(text)) return false;
    this.#remembered.add(text);
    const [oldest] = this.#remembered;
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return true;
  }
}

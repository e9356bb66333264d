/**
 * The user stream: what happens to own orders and balances, as it happens. It has no snapshot: its owner reads orders
 * and balances over REST first, and again after a gap that the exchange cannot fill.
 */

import { getLogger } from "../../logging/logger.ts";
import { FrameError } from "./market_frames.ts";
import { type LinkCounts, StreamLink, type StreamParts } from "./stream_link.ts";
import { problemOf, type StreamProblem } from "./stream_problem.ts";
import type { Receiver } from "./stream_socket.ts";
import { readUserFrame, type UserEvent } from "./user_frames.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** Who hears of own orders and balances; none of these may throw. */
export interface UserStreamListener {
  /** Something happened. Each message comes once, though the exchange repeats some after a reconnection. */
  readonly event: (event: UserEvent) => void;
  /**
   * The exchange has let the key in. `mayHaveMissed`: it was never connected before, or for longer away than the exchange keeps
   * messages, so that orders and balances must be read over REST.
   */
  readonly connected: (connection: { readonly mayHaveMissed: boolean }) => void;
  /** The stream is not connected any more. */
  readonly lost: (problem: StreamProblem) => void;
}

/** How the stream is doing. */
export interface UserStreamStatus extends LinkCounts {
  /** Whether the exchange has let the key in and is heard. */
  readonly isLive: boolean;
  /** How long ago the exchange was last heard, in milliseconds; infinite before the first time. */
  readonly ageMs: number;
  /** How often it was away for longer than the exchange keeps messages. */
  readonly gaps: number;
  readonly events: number;
  /** Why it was last lost; `null` while it is live, and before that. */
  readonly problem: StreamProblem | null;
}

/** What the exchange keeps for somebody who connects again is five minutes; some of it goes with the way. */
const KEPT_MS = 285_000;

/**
 * The exchange says nothing of credentials that it accepts. It has accepted them when it sends a message, or when it is
 * still heard so long after them: others are refused at once, and none within 10 s.
 */
const ADMITTED_MS = 11_000;

/** Messages that are known again; more than five minutes of a busy account. */
const MOST_REMEMBERED = 2_000;

/** The stream of one key, from the constructor to `close()`. */
export class UserStream {
  readonly #now: () => number;
  readonly #listener: UserStreamListener;
  readonly #link: StreamLink;
  /** The newest messages, to know again what is repeated. */
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

  /** Why the exchange will not have this stream; it is over then. */
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

  /** Hears one connection. */
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
          log.error("cannot take a message of the user stream", { error });
          return { code: "garbage", detail: "a message that this program fails on" };
        }
      },
    };
  }

  /** The exchange serves this key, and is there. */
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

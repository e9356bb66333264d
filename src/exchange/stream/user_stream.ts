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
   * The stream is connected. `mayHaveMissed`: it was never connected before, or for longer away than the exchange keeps
   * messages, so that orders and balances must be read over REST.
   */
  readonly connected: (connection: { readonly mayHaveMissed: boolean }) => void;
  /** The stream is not connected any more. */
  readonly lost: (problem: StreamProblem) => void;
}

/** How the stream is doing. */
export interface UserStreamStatus extends LinkCounts {
  readonly isLive: boolean;
  /** How long ago the exchange was last heard, in milliseconds; infinite before the first time. */
  readonly ageMs: number;
  readonly events: number;
}

/** What the exchange keeps for somebody who connects again is five minutes; some of it goes with the way. */
const KEPT_MS = 285_000;

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
      events: this.#events,
    };
  }

  /** Disconnects. */
  async close(): Promise<void> {
    this.#isLive = false;
    await this.#link.close();
  }

  #receiver(): Receiver {
    return {
      isReady: true,
      heard: () => {
        const awayMs = this.#now() - this.#heardAt;
        this.#heardAt = this.#now();
        if (this.#isLive) return;
        this.#isLive = true;
        this.#listener.connected({ mayHaveMissed: awayMs > KEPT_MS });
      },
      take: (text) => {
        try {
          const frame = readUserFrame(text);
          if (frame.kind === "error") return problemOf(frame);
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

  #isFirst(text: string): boolean {
    if (this.#remembered.has(text)) return false;
    this.#remembered.add(text);
    const [oldest] = this.#remembered;
    if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return true;
  }
}

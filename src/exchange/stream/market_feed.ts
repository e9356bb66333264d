/** The book of one pair as it is followed, wherever its updates come from: the exchange's own stream, or another server. */

import type { StreamStatus } from "./market_frames.ts";
import type { BookTrade, OrderBook } from "./order_book.ts";
import type { LinkCounts } from "./stream_link.ts";
import type { StreamProblem } from "./stream_problem.ts";

/** What changed with one message. */
export interface MarketChange {
  /** Whether the book is a new one, after which nothing that was known before needs to follow from it. */
  readonly isNew: boolean;
  /** Whether the message had no content. */
  readonly isEmpty: boolean;
  readonly trades: readonly BookTrade[];
  readonly status: StreamStatus;
}

/** How a stream is doing. */
export interface MarketStreamStatus extends LinkCounts {
  /** Whether the book follows the exchange. */
  readonly isLive: boolean;
  /** How long ago the exchange last showed that the book is the present one, in milliseconds; infinite without a book. */
  readonly ageMs: number;
  /** How often updates were lost or made no sense. */
  readonly gaps: number;
  readonly updates: number;
  readonly snapshots: number;
}

/** A book that is kept up to date until it is closed. */
export interface MarketFeed {
  /** The newest whole book; after a loss the last one before it, until there is a new one. */
  readonly book: OrderBook | undefined;
  /** Whether the book follows the exchange. */
  readonly isLive: boolean;
  /** When the exchange last showed that the book is the present one; monotonic milliseconds, never too late. */
  readonly heardAt: number;
  /** Why the exchange will not have this stream; it is over then. */
  readonly refusal: StreamProblem | undefined;
  readonly status: MarketFeedStatus;
  close(): Promise<void>;
}

/** How a feed is doing. */
export interface MarketFeedStatus extends MarketStreamStatus {
  /** Present where servers share the streams of the exchange. */
  readonly sharing?: SharingStatus;
}

/**
 * Who reads the exchange's stream of a pair: `leader`, this server, for all of them; `follower`, another one; `alone`, this
 * one for itself, as it has no leader to follow.
 */
export type FeedRole = "leader" | "follower" | "alone";

/** What a server has of sharing a stream with others, since it follows the pair. */
export interface SharingStatus {
  readonly role: FeedRole;
  /** How often it became the leader in the place of another server. */
  readonly takeovers: number;
  /** How long the newest update lay with the others before it was read here, in milliseconds; `undefined` before one was. */
  readonly lagMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** What stood there that no server of ours had written. */
  readonly foreign: number;
}

/** Whose book is to be followed, and who hears of it. */
export interface MarketFeedOptions {
  /** In upper case. */
  readonly pair: string;
  /** Called after the book has changed; must not throw. */
  readonly changed: (change: MarketChange) => void;
  /** Called when the book can no longer be kept up to date. */
  readonly lost: (problem: StreamProblem) => void;
}

/** Feeds that several servers share. */
export interface MarketFeeds {
  open(options: MarketFeedOptions): MarketFeed;
  /** Others are to lead from now on: this server is about to end. */
  handOver(): Promise<void>;
  /** Ends the use of what they are shared over, once all are closed. */
  close(): void;
}

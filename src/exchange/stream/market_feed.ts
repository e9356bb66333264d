/**
 * A continuously updated book of one pair, whatever the source of its updates: the exchange's own stream, or another
 * server.
 */

import type { StreamStatus } from "./market_frames.ts";
import type { BookTrade, OrderBook } from "./order_book.ts";
import type { LinkCounts } from "./stream_link.ts";
import type { StreamProblem } from "./stream_problem.ts";

/** The changes of one message. */
export interface MarketChange {
  /** Whether the book was replaced, so that it need not follow from earlier state. */
  readonly isNew: boolean;
  /** Whether the message had no content. */
  readonly isEmpty: boolean;
  readonly trades: readonly BookTrade[];
  readonly status: StreamStatus;
}

/** The state of a stream. */
export interface MarketStreamStatus extends LinkCounts {
  /** Whether the book is up to date. */
  readonly isLive: boolean;
  /** Time since the exchange last confirmed that the book is current, in milliseconds; infinite without a book. */
  readonly ageMs: number;
  /** The number of times that updates were lost or inconsistent. */
  readonly gaps: number;
  readonly updates: number;
  readonly snapshots: number;
}

/** A book that is kept up to date until it is closed. */
export interface MarketFeed {
  /** The latest complete book; after a loss the previous one, until there is a new one. */
  readonly book: OrderBook | undefined;
  /** Whether the book is up to date. */
  readonly isLive: boolean;
  /** When the exchange last confirmed that the book is current; monotonic milliseconds, never too late. */
  readonly heardAt: number;
  /** Why the exchange refuses this stream, which has then ended. */
  readonly refusal: StreamProblem | undefined;
  readonly status: MarketFeedStatus;
  close(): Promise<void>;
}

/** The state of a feed. */
export interface MarketFeedStatus extends MarketStreamStatus {
  /** Present when servers share the streams of the exchange. */
  readonly sharing?: SharingStatus;
}

/**
 * Who reads the exchange's stream of a pair: `leader`, this server for all; `follower`, another server; `alone`, this
 * server for itself, as it has no leader to follow.
 */
export type FeedRole = "leader" | "follower" | "alone";

/** Sharing of a stream with other servers, since this server began to follow the pair. */
export interface SharingStatus {
  readonly role: FeedRole;
  /** How often it took over the leadership from another server. */
  readonly takeovers: number;
  /**
   * Time between the publication of the newest update and its arrival here, in milliseconds; `undefined` before the
   * first.
   */
  readonly lagMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** The number of entries that none of our servers wrote. */
  readonly foreign: number;
}

/** The pair to follow, and who is notified. */
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
  /** Lets other servers lead from now on, as this one is about to end. */
  handOver(): Promise<void>;
  /** Closes the connection over which they are shared, once all feeds are closed. */
  close(): void;
}

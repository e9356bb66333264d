/**
 * The events of one session's streams, for a reader that lost its stream and takes it up again where it was. Engines stand
 * in `state/shared/`.
 *
 * Operations take effect in the order of asking, and none rejects: what cannot be kept is not, and reading then is as if
 * there were nothing.
 */

import type { Awaitable } from "../timing/awaitable.ts";

/** What is kept of one stream, in characters; of more the latest event alone. */
export const MAX_KEPT_EVENTS = 1_048_576;

/** An event as it is sent; numbers rise within a stream. */
export interface LoggedEvent {
  readonly number: number;
  readonly text: string;
}

/** A stream and what is kept of it, oldest first. */
export interface LoggedStream {
  readonly events: readonly LoggedEvent[];
  /** The id of the request that it answers; absent for the stream that a client opens by itself. */
  readonly request?: string | number;
  /** Whether nothing more will come. */
  readonly hasEnded: boolean;
  /** Whether another server appends to it. @default false */
  readonly isRunElsewhere?: boolean;
}

/** Streams by their names. */
export interface EventLog {
  /** Begins a stream, or goes on with one that is there, with all that was kept: nobody else appends to it from then on. */
  begin(stream: string, request?: string | number): Awaitable<void>;
  /** Keeps an event of a stream that has begun. */
  append(stream: string, event: LoggedEvent): Awaitable<void>;
  /** Nothing more will come. */
  end(stream: string): Awaitable<void>;
  read(stream: string): Awaitable<LoggedStream | undefined>;
  /** Nobody will read it again. */
  remove(stream: string): Awaitable<void>;
}

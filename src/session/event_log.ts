/**
 * The events of a session's streams, so that a reader can continue where it lost a stream. The engines are in
 * `state/shared/`.
 *
 * Operations take effect in call order, and none rejects: events that cannot be kept are dropped, and reading then
 * returns nothing.
 */

import type { Awaitable } from "../timing/awaitable.ts";

/** The most that is kept of one stream, in characters; a single larger event is kept alone. */
export const MAX_KEPT_EVENTS = 1_048_576;

/** An event as it is sent; numbers increase within a stream. */
export interface LoggedEvent {
  readonly number: number;
  readonly text: string;
}

/** A stream and its kept events, oldest first. */
export interface LoggedStream {
  readonly events: readonly LoggedEvent[];
  /** The id of the request that it answers; absent for a stream that the client opened by itself. */
  readonly request?: string | number;
  /** Whether no more events will come. */
  readonly hasEnded: boolean;
  /**
   * Whether another server appends to it.
   *
   * @default false
   */
  readonly isRunElsewhere?: boolean;
}

/** Event streams by name. */
export interface EventLog {
  /** Begins a stream, or takes over an existing one with its events: no other server appends to it afterwards. */
  begin(stream: string, request?: string | number): Awaitable<void>;
  /** Appends an event to a stream that has begun. */
  append(stream: string, event: LoggedEvent): Awaitable<void>;
  /** Marks a stream as complete. */
  end(stream: string): Awaitable<void>;
  read(stream: string): Awaitable<LoggedStream | undefined>;
  /** Removes a stream that will not be read again. */
  remove(stream: string): Awaitable<void>;
}

/** The streams of one session: those being read, and those that their client lost and may continue for a while. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { EventLog, LoggedStream } from "../../session/event_log.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { EVENTS_TYPE } from "./accept.ts";
import { EventStream } from "./event_stream.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { followStream } from "./follow_stream.ts";
import { watchBody } from "./watched_body.ts";

/** The most lost streams; their requests are cancelled when the client leaves. */
const MAX_LOST = 16;

/** No stream has sent so many events: an id beyond that is made up. */
const MAX_EVENTS = 10 ** 12;

/** The name of the stream that a client opens by GET. */
export const OWN_STREAM = "0";

/** Headers of a stream, which proxies should not buffer. */
export const EVENT_HEADERS = {
  "content-type": EVENTS_TYPE,
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

/** What the streams of a session need. */
export interface SessionStreamsOptions {
  readonly log: EventLog;
  /** How often the session was continued by another process, so that no name repeats. */
  readonly times: number;
  /** Interval of comments on an open stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a lost stream can be continued, in milliseconds. */
  readonly resumeMs: number;
  /** Called when a reader has left. */
  readonly left: () => void;
  /** Called when a stream will not be read any more. */
  readonly forgotten: (stream: EventStream) => void;
}

/** The streams by name; owns the timers that end lost ones. */
export class SessionStreams {
  readonly #options: SessionStreamsOptions;
  readonly #streams = new Map<string, EventStream>();
  readonly #timers = new Map<EventStream, ReturnType<typeof setTimeout>>();
  readonly #readers = new Map<EventStream, number>();
  /** Streams that other servers run. */
  readonly #following = new Map<EventStream, AbortController>();
  #names = 0;
  #open = 0;
  /** How they ended; a server that continues the session reads the stored events. */
  #ended: "kept" | "gone" | undefined;

  constructor(options: SessionStreamsOptions) {
    this.#options = options;
  }

  /** The number of streams being read. */
  get open(): number {
    return this.#open;
  }

  /** Whether a stream exists here. */
  get(name: string): EventStream | undefined {
    return this.#streams.get(name);
  }

  /** A stream for the answer to a request. */
  create(request: string | number, { isResumable }: { readonly isResumable: boolean }): EventStream {
    const { times } = this.#options;
    const number = ++this.#names;
    return this.#begin(times === 0 ? String(number) : `${times.toString(36)}x${number}`, { isResumable, request });
  }

  /** The stream for messages that belong to no request. */
  own({ isResumable }: { readonly isResumable: boolean }): EventStream {
    return this.#streams.get(OWN_STREAM) ?? this.#begin(OWN_STREAM, { isResumable });
  }

  /**
   * A stream that its client lost after an event, unless that was not sent yet; if another process ran its request and
   * is gone, `unanswered` completes it. The client's own stream begins anew when nothing is stored of it.
   */
  takeUp(
    { name, number }: { readonly name: string; readonly number: number },
    unanswered: (request: string | number) => JSONRPCMessage,
  ): Awaitable<EventStream | undefined> {
    const present = this.#streams.get(name);
    if (present !== undefined) return number <= present.last ? present : undefined;
    // The first event of a reader has no data and is not stored, so the last one of another process is not known.
    if (number > MAX_EVENTS) return undefined;
    return whenAnswered(this.#options.log.read(name), (logged) => {
      if (logged === undefined && name !== OWN_STREAM) return undefined;
      return this.#streams.get(name) ?? this.#revive(name, { logged, number, unanswered });
    });
  }

  /** Responds with a stream: all of it, or the events after one. */
  respond(
    request: HttpRequest,
    stream: EventStream,
    { headers, after }: { readonly headers: Readonly<Record<string, string>>; readonly after?: number },
  ): Response {
    const number = (this.#readers.get(stream) ?? 0) + 1;
    this.#readers.set(stream, number);
    clearTimeout(this.#timers.get(stream));
    this.#timers.delete(stream);
    this.#open++;
    const response = new Response(stream.read(after), { headers: { ...EVENT_HEADERS, ...headers } });
    return watchBody(response, request.signal, (isWhole) => {
      this.#open--;
      this.#options.left();
      if (this.#readers.get(stream) === number) this.#left(stream, { isWhole });
    });
  }

  /** Ends all of them; stored events stay for a server that continues the session, or are deleted. */
  end(ended: "kept" | "gone"): void {
    this.#ended = ended;
    for (const stream of this.#streams.values()) stream.end();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const following of this.#following.values()) following.abort();
  }

  #begin(
    name: string,
    { isResumable, request, count = 0 }: { isResumable: boolean; request?: string | number; count?: number },
  ): EventStream {
    const { keepAliveMs, log } = this.#options;
    const begun = isResumable ? log.begin(name, request) : undefined;
    const stream = new EventStream({ name, isResumable, keepAliveMs, log, begun, count });
    this.#streams.set(name, stream);
    return stream;
  }

  #revive(
    name: string,
    { logged, number, unanswered }: {
      logged: LoggedStream | undefined;
      number: number;
      unanswered: (request: string | number) => JSONRPCMessage;
    },
  ): EventStream {
    const count = Math.max(number, logged?.events.at(-1)?.number ?? 0);
    // The client's own stream continues with the session.
    if (logged === undefined || name === OWN_STREAM) return this.#begin(name, { isResumable: true, count });
    const { keepAliveMs, log } = this.#options;
    const { hasEnded, request, isRunElsewhere = false } = logged;
    const stream = new EventStream({ name, isResumable: true, keepAliveMs, log, count, hasEnded });
    this.#streams.set(name, stream);
    if (isRunElsewhere && !hasEnded) {
      const following = new AbortController();
      this.#following.set(stream, following);
      void followStream(stream, { log, signal: following.signal, unanswered });
      return stream;
    }
    if (!hasEnded) void log.begin(name, request);
    if (!hasEnded && request !== undefined) stream.send(unanswered(request));
    stream.end();
    return stream;
  }

  /** The last reader of a stream has left, after its end or before. */
  #left(stream: EventStream, { isWhole }: { readonly isWhole: boolean }): void {
    const isKept = !isWhole && this.#ended === undefined && stream.isResumable && this.#timers.size < MAX_LOST;
    if (!isKept) return this.#forget(stream);
    this.#timers.set(stream, setTimeout(() => this.#forget(stream), this.#options.resumeMs));
  }

  #forget(stream: EventStream): void {
    this.#timers.delete(stream);
    this.#readers.delete(stream);
    this.#following.get(stream)?.abort();
    this.#following.delete(stream);
    this.#streams.delete(stream.name);
    if (stream.isResumable && this.#ended !== "kept") void this.#options.log.remove(stream.name);
    this.#options.forgotten(stream);
  }
}

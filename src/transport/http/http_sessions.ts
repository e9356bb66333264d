/** All sessions over HTTP: who may use which, how many there may be, and when one has been idle for too long. */

import type { Server } from "@modelcontextprotocol/server";
import { HttpSession } from "./http_session.ts";
import type { SessionEnd } from "./http_session.ts";

/** The longest time that a timer can be set to, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Hears when sessions begin and end. */
export interface SessionObserver {
  opened(session: HttpSession): void;
  closed(session: HttpSession, reason: SessionEnd): void;
}

/** How sessions are made and bounded. */
export interface HttpSessionsOptions {
  readonly factory: () => Server;
  /** In all. */
  readonly maxSessions: number;
  /** Of one identity; its session that was idle longest makes room for a new one. */
  readonly maxSessionsOf: (identity: string) => number;
  /** A session without a request and without an open stream for longer than this, in milliseconds, ends. */
  readonly idleMs: number;
  /** Between comments on an open stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a stream that was lost can be taken up again, in milliseconds. */
  readonly resumeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observer?: SessionObserver;
}

/** Every session by its id; owns the timer that ends idle ones, which exists only while there are sessions. */
export class HttpSessions {
  readonly #options: HttpSessionsOptions;
  readonly #sessions = new Map<string, HttpSession>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HttpSessionsOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of this id, if it is this identity's: another's does not exist for it. */
  find(id: string, identity: string): HttpSession | undefined {
    const session = this.#sessions.get(id);
    if (session?.identity !== identity) return undefined;
    if (this.#idleLeftMs(session) > 0) return session;
    void session.end("idle");
    return undefined;
  }

  /** Opens a session; `full` when there are too many in all, `busy` when this identity uses all that it may have. */
  async open(identity: string): Promise<HttpSession | "full" | "busy"> {
    this.#sweep();
    const { maxSessions, maxSessionsOf, factory, now, keepAliveMs, resumeMs, observer } = this.#options;
    const own = [...this.#sessions.values()].filter((session) => session.identity === identity);
    if (own.length >= maxSessionsOf(identity)) {
      const oldest = own.filter(({ isBusy }) => !isBusy).sort((a, b) => a.lastSeenMs - b.lastSeenMs)[0];
      if (oldest === undefined) return "busy";
      void oldest.end("replaced");
    }
    if (this.#sessions.size >= maxSessions) return "full";
    const onEnd = (session: HttpSession, reason: SessionEnd) => this.#forget(session, reason);
    const session = new HttpSession({ identity, server: factory(), now, keepAliveMs, resumeMs, onEnd });
    this.#sessions.set(session.id, session);
    observer?.opened(session);
    this.#arm();
    await session.connect();
    return session;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.end("shutdown")));
  }

  #forget(session: HttpSession, reason: SessionEnd): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#options.observer?.closed(session, reason);
    if (this.#sessions.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    for (const session of this.#sessions.values()) {
      if (this.#idleLeftMs(session) <= 0) void session.end("idle");
    }
  }

  #idleLeftMs({ isBusy, lastSeenMs }: HttpSession): number {
    const { idleMs, now } = this.#options;
    return isBusy ? idleMs : lastSeenMs + idleMs - now();
  }

  /** Wakes up when the next session may have become idle. */
  #arm(): void {
    if (this.#timer !== undefined || this.#sessions.size === 0) return;
    const nextMs = Math.min(...[...this.#sessions.values()].map((session) => this.#idleLeftMs(session)));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
      this.#arm();
    }, Math.min(Math.max(Math.ceil(nextMs), 1), MAX_TIMER_MS));
  }
}

/** All HTTP sessions: who may use which, how many there may be, and when an idle one ends. */

import type { Server } from "@modelcontextprotocol/server";
import { getLogger } from "../../logging/logger.ts";
import type { SessionStore, TakenSession } from "../../session/session_store.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { Caller } from "../../access/caller.ts";
import type { ReadyAnswers } from "../../protocol/ready_answers.ts";
import { HttpSession } from "./http_session.ts";
import type { Subscribe } from "./listening.ts";
import type { SessionEnd } from "./session_keeping.ts";

const log = getLogger(["luno-mcp-server", "http"]);

/** The longest duration of a timer, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Notified when sessions begin and end. */
export interface SessionObserver {
  opened(session: HttpSession): void;
  closed(session: HttpSession, reason: SessionEnd): void;
}

/** Parts and limits of sessions. */
export interface HttpSessionsOptions {
  readonly factory: () => Server;
  /**
   * Answers openings without a server.
   *
   * @default a server does
   */
  readonly ready?: ReadyAnswers | undefined;
  /**
   * Creates the subscriptions of a client.
   *
   * @default the SDK handles them
   */
  readonly subscribe?: Subscribe | undefined;
  /** Stores sessions, so that others can continue them. */
  readonly store: SessionStore;
  /** The most sessions in all; beyond it, one of whoever has most makes room for a client with fewer. */
  readonly maxSessions: number;
  /** The most of one identity; its least recently used session makes room for a new one. */
  readonly maxSessionsOf: (identity: string) => number;
  /** A session without a request or an open stream for longer than this ends, in milliseconds. */
  readonly idleMs: number;
  /** Interval of comments on an open stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a lost stream can be continued, in milliseconds. */
  readonly resumeMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observer?: SessionObserver;
}

/** Every session by id; owns the timer that ends idle ones, which exists only while there are sessions. */
export class HttpSessions {
  readonly #options: HttpSessionsOptions;
  readonly #sessions = new Map<string, HttpSession>();
  /** Sessions that are being taken from the store. */
  readonly #taking = new Map<string, Promise<HttpSession | undefined>>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HttpSessionsOptions) {
    this.#options = options;
  }

  /** The number of sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of this id, if it belongs to this identity: for others it does not exist. */
  find(
    id: string,
    caller: Caller,
  ): Awaitable<HttpSession | undefined> {
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#findKept(id, caller);
    if (session.identity !== caller.identity) return undefined;
    if (this.#idleLeftMs(session) > 0) return session;
    void session.end("idle");
    return undefined;
  }

  /** Opens a session; `full` when there are too many in all, `busy` when this identity uses all of its own. */
  open(identity: string): HttpSession | "full" | "busy" {
    return this.#makeRoom(identity) ?? this.#start(identity);
  }

  /** Ends idle sessions, and the oldest of an identity with too many; returns what is still exceeded. */
  #makeRoom(identity: string): "full" | "busy" | undefined {
    this.#sweep();
    const { maxSessions, maxSessionsOf } = this.#options;
    const own = [...this.#sessions.values()].filter((session) => session.identity === identity);
    if (own.length >= maxSessionsOf(identity)) {
      const oldest = longestUnused(own);
      if (oldest === undefined) return "busy";
      void oldest.end("replaced");
    }
    if (this.#sessions.size >= maxSessions) void this.#spare(own.length)?.end("replaced");
    return this.#sessions.size >= maxSessions ? "full" : undefined;
  }

  /** A session of the identity that has most of them, and afterwards still more than the one that has `count` now. */
  #spare(count: number): HttpSession | undefined {
    const held = Map.groupBy(this.#sessions.values(), ({ identity }) => identity);
    const greedy = [...held.values()].filter(({ length }) => length > count + 1).sort((a, b) => b.length - a.length);
    return greedy.map(longestUnused).find((session) => session !== undefined);
  }

  #start(identity: string, taken?: TakenSession): HttpSession {
    const { factory, ready, subscribe, store, now, keepAliveMs, resumeMs, observer } = this.#options;
    const onEnd = (session: HttpSession, reason: SessionEnd) => this.#forget(session, reason);
    const session = new HttpSession({
      identity,
      createServer: factory,
      ready,
      subscribe,
      store,
      ...(taken === undefined ? {} : { taken }),
      now,
      keepAliveMs,
      resumeMs,
      onEnd,
    });
    this.#sessions.set(session.id, session);
    observer?.opened(session);
    this.#arm();
    return session;
  }

  /** A stored session of another process; concurrent requests for it get the same one. */
  #findKept(
    id: string,
    caller: Caller,
  ): Awaitable<HttpSession | undefined> {
    const { identity } = caller;
    const key = `${identity} ${id}`;
    const taking = this.#taking.get(key);
    if (taking !== undefined) return taking;
    const kept = this.#options.store.take(id, identity);
    if (!(kept instanceof Promise)) {
      return whenAnswered(kept, (taken) => taken && this.#goOn(taken, caller));
    }
    const found = kept.then((taken) => taken && this.#goOn(taken, caller));
    this.#taking.set(key, found);
    return found.finally(() => this.#taking.delete(key));
  }

  async #goOn(taken: TakenSession, caller: Caller): Promise<HttpSession | undefined> {
    if (this.#makeRoom(taken.identity) !== undefined) return undefined;
    const session = this.#start(taken.identity, taken);
    if (await session.goOn(caller)) return session;
    log.warning("a kept session cannot be resumed; its client opens another", { identity: taken.identity });
    await session.end("refused");
    return undefined;
  }

  /** Ends all sessions. */
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
      else if (session.isBusy) session.touch();
    }
  }

  #idleLeftMs({ isBusy, lastSeenMs }: HttpSession): number {
    const { idleMs, now } = this.#options;
    return isBusy ? idleMs : lastSeenMs + idleMs - now();
  }

  /** Sets the timer for the next session that may become idle. */
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

function longestUnused(sessions: readonly HttpSession[]): HttpSession | undefined {
  return sessions.filter(({ isBusy }) => !isBusy).sort((a, b) => a.lastSeenMs - b.lastSeenMs)[0];
}

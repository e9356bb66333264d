/**
 * The resumable sessions of this server's connections: creates and takes tokens, and keeps the stored subscriptions up
 * to date. A session has one connection at a time: resuming it ends the previous one.
 */

import { getLogger } from "../logging/logger.ts";
import { createResumptionToken, digestOfToken, isResumptionToken } from "./resumption_token.ts";
import { RESUMABLE_MS, TOUCH_MS } from "./resumption_store.ts";
import type { KeptSubscription, ResumptionStore } from "./resumption_store.ts";

const log = getLogger(["luno-mcp-server", "websocket"]);

/** Why a session was not or cannot be resumed. */
export type ResumptionRefusal =
  | "ERR_RESUMPTION_INVALID"
  | "ERR_RESUMPTION_UNKNOWN"
  | "ERR_RESUMPTION_UNAVAILABLE";

/** A connection that asks for resumption. */
export interface ResumingConnection {
  readonly identity: string;
  /** The public id of its session; changes when it resumes another session. */
  sessionId: string;
  /** The present subscriptions of the client. */
  readonly subscriptions: readonly KeptSubscription[];
  /** Whether the connection has ended. */
  readonly isClosed: boolean;
  /** Ends the connection, because the client has resumed its session elsewhere. */
  superseded(): void;
}

/** The answer to the client. */
export interface ResumptionOutcome {
  /** The token for the next connection; absent when the session cannot be stored now. */
  readonly token?: string;
  /** How long the token is valid after the connection has ended, in seconds. */
  readonly expiresIn: number;
  /** The restored subscriptions; absent when a new session has begun. */
  readonly subscriptions?: readonly KeptSubscription[];
  readonly refusal?: ResumptionRefusal;
}

/** A session whose connection has ended. */
export interface WaitingSession {
  readonly id: string;
  readonly identity: string;
  /** When the connection ended, in monotonic milliseconds. */
  readonly sinceMs: number;
}

/** In seconds. */
const EXPIRES_IN = RESUMABLE_MS / 1_000;

const UNAVAILABLE: ResumptionOutcome = { expiresIn: EXPIRES_IN, refusal: "ERR_RESUMPTION_UNAVAILABLE" };

/** The most waiting sessions that are listed; the store may hold more. */
const MAX_WAITING = 1_000;

/** The session of one connection, from the client's first request for resumption. */
interface Live {
  readonly connection: ResumingConnection;
  digest: string;
}

/** Owns the timer that keeps connected sessions resumable. */
export class Resumptions {
  readonly #store: ResumptionStore;
  /** By the digests of their tokens. */
  readonly #live = new Map<string, Live>();
  readonly #byConnection = new Map<ResumingConnection, Live>();
  /** By the digests of their tokens, those that ended first come first. */
  readonly #waiting = new Map<string, WaitingSession>();
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unwatch: (() => void) | undefined;

  /** `now` returns monotonic milliseconds. */
  constructor(store: ResumptionStore, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
    this.#timer = setInterval(() => void this.#touchAll(), TOUCH_MS);
    this.#unwatch = store.watch?.((digest) => this.#supersede(digest));
  }

  /** A token for a session that begins on this connection, or a new one for the session it already has. */
  async begin(connection: ResumingConnection): Promise<ResumptionOutcome> {
    const before = this.#byConnection.get(connection)?.digest;
    const renewed = before === undefined ? "unknown" : await this.#take(connection, before);
    if (renewed === "unknown") return await this.#keep(connection);
    return renewed === "unavailable" ? UNAVAILABLE : renewed;
  }

  /**
   * Resumes the session of a token, which stays valid until the client has the next one: {@linkcode confirm}. When it
   * is refused, a new session begins.
   */
  async resume(connection: ResumingConnection, token: unknown): Promise<ResumptionOutcome> {
    const isPossible = isResumptionToken(token) && !this.#byConnection.has(connection);
    const taken = isPossible ? await this.#take(connection, digestOfToken(token)) : undefined;
    if (typeof taken === "object") return taken;
    const refusal = taken === undefined
      ? "ERR_RESUMPTION_INVALID"
      : taken === "unknown"
      ? "ERR_RESUMPTION_UNKNOWN"
      : "ERR_RESUMPTION_UNAVAILABLE";
    log.info("session not resumed", { identity: connection.identity, reason: refusal });
    return { refusal, ...await this.begin(connection) };
  }

  /** The client has sent something since its answer, so it has received its token. */
  confirm(connection: ResumingConnection): void {
    const live = this.#byConnection.get(connection);
    if (live !== undefined) void this.#store.confirm(live.digest);
  }

  /** Tells whether the client can resume its session on another connection. */
  isResumable(connection: ResumingConnection): boolean {
    return this.#byConnection.has(connection);
  }

  /** The client's subscriptions have changed. */
  update(
    connection: ResumingConnection,
    subscriptions: readonly KeptSubscription[],
  ): ReturnType<ResumptionStore["update"]> {
    const live = this.#byConnection.get(connection);
    return live && this.#store.update(live.digest, subscriptions);
  }

  /** The connection has ended: its session waits to be resumed, or is over. */
  left(connection: ResumingConnection, { isOver }: { readonly isOver: boolean }): void {
    const live = this.#forget(connection);
    if (live === undefined) return;
    if (!isOver) this.#wait(live.digest, connection);
    void (isOver ? this.#store.remove(live.digest) : this.#store.touch([live.digest]));
  }

  /** Sessions of this server's clients that wait to be resumed. */
  get waiting(): readonly WaitingSession[] {
    const since = this.#now() - RESUMABLE_MS;
    for (const [digest, { sinceMs }] of this.#waiting) if (sinceMs < since) this.#waiting.delete(digest);
    return [...this.#waiting.values()];
  }

  /** Forgets waiting sessions that were ended; returns how many. */
  forgetWaiting(isEnded: (session: WaitingSession) => boolean): number {
    let count = 0;
    for (const [digest, session] of this.#waiting) {
      if (isEnded(session) && this.#waiting.delete(digest)) count++;
    }
    return count;
  }

  #wait(digest: string, { sessionId: id, identity }: ResumingConnection): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    this.#waiting.set(digest, { id, identity, sinceMs: this.#now() });
  }

  /** Settles when the last report of connected sessions is written; no more are sent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#unwatch?.();
    await this.#touchAll();
    this.#live.clear();
    this.#byConnection.clear();
  }

  async #keep(connection: ResumingConnection): Promise<ResumptionOutcome> {
    const token = createResumptionToken();
    const digest = digestOfToken(token);
    const { identity, sessionId: id, subscriptions } = connection;
    if (!await this.#store.keep(digest, { id, identity, subscriptions })) return UNAVAILABLE;
    if (!connection.isClosed) return this.#lives(connection, { token, digest });
    // Nobody will ever present this token.
    void this.#store.remove(digest);
    return { expiresIn: EXPIRES_IN };
  }

  /** Takes the session of a digest, with the next token. */
  async #take(
    connection: ResumingConnection,
    handed: string,
  ): Promise<ResumptionOutcome | "unknown" | "unavailable"> {
    const token = createResumptionToken();
    const digest = digestOfToken(token);
    const taken = await this.#store.take(handed, { identity: connection.identity, next: digest });
    if (typeof taken === "string") return taken;
    const isRenewed = this.#byConnection.get(connection)?.digest === taken.digest;
    if (!isRenewed) this.#supersede(taken.digest);
    connection.sessionId = taken.id;
    const outcome = this.#lives(connection, { token, digest });
    if (isRenewed) return outcome;
    log.info("session resumed", { session: taken.id, identity: connection.identity });
    return { ...outcome, subscriptions: taken.subscriptions };
  }

  #lives(
    connection: ResumingConnection,
    { token, digest }: { readonly token: string; readonly digest: string },
  ): ResumptionOutcome {
    this.#forget(connection);
    // The connection has already ended, so its client will return with the previous token.
    if (connection.isClosed) this.#wait(digest, connection);
    else {
      const live = { connection, digest };
      this.#live.set(digest, live);
      this.#byConnection.set(connection, live);
    }
    return { token, expiresIn: EXPIRES_IN };
  }

  /** The client has resumed the session elsewhere. */
  #supersede(digest: string): void {
    this.#waiting.delete(digest);
    const connection = this.#live.get(digest)?.connection;
    if (connection === undefined) return;
    this.#forget(connection);
    connection.superseded();
  }

  #forget(connection: ResumingConnection): Live | undefined {
    const live = this.#byConnection.get(connection);
    this.#byConnection.delete(connection);
    if (live !== undefined) this.#live.delete(live.digest);
    return live;
  }

  async #touchAll(): Promise<void> {
    if (this.#live.size > 0) await this.#store.touch([...this.#live.keys()]);
  }
}

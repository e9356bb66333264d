/**
 * The sessions of one server's connections that can be resumed: tokens are made and taken here, and what is kept follows what
 * the client does. A session has one connection at a time: whoever resumes it ends the one before.
 */

import { getLogger } from "../logging/logger.ts";
import { createResumptionToken, digestOfToken, isResumptionToken } from "./resumption_token.ts";
import { RESUMABLE_MS, TOUCH_MS } from "./resumption_store.ts";
import type { KeptSubscription, ResumptionStore } from "./resumption_store.ts";

const log = getLogger(["luno-mcp-server", "websocket"]);

/** Why a session was not resumed, or cannot be. */
export type ResumptionRefusal =
  | "ERR_RESUMPTION_INVALID"
  | "ERR_RESUMPTION_UNKNOWN"
  | "ERR_RESUMPTION_UNAVAILABLE";

/** A connection of a client that asks. */
export interface ResumingConnection {
  readonly identity: string;
  /** How operators name its session; another one's once it is resumed. */
  sessionId: string;
  /** What its client watches now. */
  readonly subscriptions: readonly KeptSubscription[];
  /** Whether it is gone. */
  readonly isClosed: boolean;
  /** Ends it, as its client goes on with another one. */
  superseded(): void;
}

/** What a client is told. */
export interface ResumptionOutcome {
  /** For the next connection; absent where the session cannot be kept now. */
  readonly token?: string;
  /** How long the token is good once the connection has ended, in seconds. */
  readonly expiresIn: number;
  /** What the client watches; absent where a session has begun. */
  readonly subscriptions?: readonly KeptSubscription[];
  readonly refusal?: ResumptionRefusal;
}

/** A session whose connection has ended. */
export interface WaitingSession {
  readonly id: string;
  readonly identity: string;
  /** When its connection ended, monotonic milliseconds. */
  readonly sinceMs: number;
}

/** In seconds. */
const EXPIRES_IN = RESUMABLE_MS / 1_000;

const UNAVAILABLE: ResumptionOutcome = { expiresIn: EXPIRES_IN, refusal: "ERR_RESUMPTION_UNAVAILABLE" };

/** Sessions of which it is known that they wait; more wait unseen. */
const MAX_WAITING = 1_000;

/** The session of one connection, from the first time that its client asks. */
interface Live {
  readonly connection: ResumingConnection;
  digest: string;
}

/** Owns the timer by which connected sessions stay resumable. */
export class Resumptions {
  readonly #store: ResumptionStore;
  /** By the digests of their tokens. */
  readonly #live = new Map<string, Live>();
  readonly #byConnection = new Map<ResumingConnection, Live>();
  /** By the digests of their tokens, those that ended first before others. */
  readonly #waiting = new Map<string, WaitingSession>();
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unwatch: (() => void) | undefined;

  /** `now` tells monotonic milliseconds. */
  constructor(store: ResumptionStore, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
    this.#timer = setInterval(() => void this.#touchAll(), TOUCH_MS);
    this.#unwatch = store.watch?.((digest) => this.#supersede(digest));
  }

  /** A token for a session that begins with this connection, or a new one for that which it has. */
  async begin(connection: ResumingConnection): Promise<ResumptionOutcome> {
    const before = this.#byConnection.get(connection)?.digest;
    const renewed = before === undefined ? "unknown" : await this.#take(connection, before);
    if (renewed === "unknown") return await this.#keep(connection);
    return renewed === "unavailable" ? UNAVAILABLE : renewed;
  }

  /**
   * Goes on with the session of a token, which is good no more once the client has the next one: {@linkcode confirm}. One
   * that is refused has a new session begin.
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

  /** The client has said something since it was answered: it has the token of its session. */
  confirm(connection: ResumingConnection): void {
    const live = this.#byConnection.get(connection);
    if (live !== undefined) void this.#store.confirm(live.digest);
  }

  /** Whether a connection's client can go on with its session over another one. */
  isResumable(connection: ResumingConnection): boolean {
    return this.#byConnection.has(connection);
  }

  /** The client watches something else now. */
  update(
    connection: ResumingConnection,
    subscriptions: readonly KeptSubscription[],
  ): ReturnType<ResumptionStore["update"]> {
    const live = this.#byConnection.get(connection);
    return live && this.#store.update(live.digest, subscriptions);
  }

  /** The connection is gone: its session waits for the next one, or is over. */
  left(connection: ResumingConnection, { isOver }: { readonly isOver: boolean }): void {
    const live = this.#forget(connection);
    if (live === undefined) return;
    if (!isOver) this.#wait(live.digest, connection);
    void (isOver ? this.#store.remove(live.digest) : this.#store.touch([live.digest]));
  }

  /** Sessions of this server's clients that may come back to them. */
  get waiting(): readonly WaitingSession[] {
    const since = this.#now() - RESUMABLE_MS;
    for (const [digest, { sinceMs }] of this.#waiting) if (sinceMs < since) this.#waiting.delete(digest);
    return [...this.#waiting.values()];
  }

  /** These were ended: nobody waits for them; answers how many. */
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

  /** Settles when connected sessions are kept for as long as any; nothing is done for them any more. */
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
    // Nobody will ever know this token.
    void this.#store.remove(digest);
    return { expiresIn: EXPIRES_IN };
  }

  /** Goes on with the session of a digest, by the next token. */
  async #take(
    connection: ResumingConnection,
    handed: string,
  ): Promise<ResumptionOutcome | "unknown" | "unavailable"> {
    const token = createResumptionToken();
    const digest = digestOfToken(token);
    const taken = await this.#store.take(handed, connection.identity, digest);
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
    // It has left already, and its client comes back with the token before.
    if (connection.isClosed) this.#wait(digest, connection);
    else {
      const live = { connection, digest };
      this.#live.set(digest, live);
      this.#byConnection.set(connection, live);
    }
    return { token, expiresIn: EXPIRES_IN };
  }

  /** The client of a session has gone on with it elsewhere. */
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

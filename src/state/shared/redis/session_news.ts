/** Events of sessions at other servers: which were taken there, and which were ended by operators. */

import { digestOfIdentity } from "../../../session/identity_digest.ts";
import type { EndedElsewhere, SessionEnds, SessionTarget } from "../../../session/session_ends.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { END, NEWS } from "./resumption_scripts.ts";
import type { Servers } from "./servers.ts";

/** The set of taken sessions, by time. */
export const TAKEN_KEY = "session-news";

/** The set of ended sessions. */
const ENDS_KEY = "session-ends";

/** The prefix of the marks of ended sessions. */
export const ENDED_KEY = "ended:";

/** The most ends that wait for Redis; the oldest make room. */
const MAX_WAITING = 1_000;

/** Settings of session ends. */
export interface RedisSessionNewsOptions {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  /** How long a session may be kept without use, in milliseconds; an end is remembered for as long. */
  readonly keptMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/**
 * Reads the events after each report of this server. Its own ends that could not be sent are sent once Redis is back.
 */
export class RedisSessionNews implements SessionEnds {
  readonly #options: RedisSessionNewsOptions;
  readonly #taken = new Set<(digest: string) => void>();
  readonly #ended = new Set<(ended: EndedElsewhere) => void>();
  /** Ends that Redis does not know yet, with their monotonic times. */
  readonly #waiting = new Map<string, number>();
  readonly #startedMs: number;
  /** By Redis's clock; earlier events are known. */
  #since = "";
  #isSaying = false;
  #isLooking = false;

  constructor(options: RedisSessionNewsOptions) {
    this.#options = options;
    this.#startedMs = options.monotonic();
    options.connection.onReady(() => void this.#sayWaiting());
    options.servers.onBeat(() => void this.#lookOnce());
  }

  async end(target: SessionTarget): Promise<boolean> {
    const text = "id" in target ? `id:${target.id}` : identityMark(target.identity);
    const endedMs = this.#options.monotonic();
    if (await this.#say(text, endedMs)) return true;
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
    this.#waiting.set(text, endedMs);
    return false;
  }

  watch(listener: (ended: EndedElsewhere) => void): () => void {
    this.#ended.add(listener);
    return () => this.#ended.delete(listener);
  }

  /** Calls `listener` for sessions that other servers took, by the digests of their tokens. */
  watchTaken(listener: (digest: string) => void): () => void {
    this.#taken.add(listener);
    return () => this.#taken.delete(listener);
  }

  /** Returns whether Redis has accepted an end. */
  async #say(text: string, endedMs: number): Promise<boolean> {
    const { connection, servers, keptMs, monotonic } = this.#options;
    const agoMs = Math.round(monotonic() - endedMs);
    try {
      await connection.evaluate(END, [`${ENDED_KEY}${text}`, ENDS_KEY], [text, Math.ceil(keptMs), servers.id, agoMs]);
      return true;
    } catch (error) {
      if (error instanceof RedisUnavailable) return false;
      throw error;
    }
  }

  async #sayWaiting(): Promise<void> {
    if (this.#isSaying) return;
    this.#isSaying = true;
    try {
      for (const [text, endedMs] of this.#waiting) {
        if (!await this.#say(text, endedMs)) return;
        // The same may have been ended again meanwhile.
        if (this.#waiting.get(text) === endedMs) this.#waiting.delete(text);
      }
    } finally {
      this.#isSaying = false;
    }
  }

  /** Two concurrent reads would return the same events. */
  async #lookOnce(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#look().finally(() => this.#isLooking = false);
  }

  async #look(): Promise<void> {
    await this.#sayWaiting();
    const { connection, servers, monotonic } = this.#options;
    const args = [this.#since, Math.round(monotonic() - this.#startedMs)];
    let news: readonly [string, readonly string[], readonly string[]];
    try {
      news = await connection.evaluate(NEWS, [TAKEN_KEY, ENDS_KEY], args) as typeof news;
    } catch (error) {
      if (error instanceof RedisUnavailable) return;
      throw error;
    }
    const [now, taken, ends] = news;
    this.#since = now;
    for (const text of taken) {
      const [, server, digest] = /^([0-9a-f]+):([0-9a-f]+)$/.exec(text) ?? [];
      if (digest !== undefined && server !== servers.id) { for (const listener of [...this.#taken]) listener(digest); }
    }
    for (const text of ends) {
      const [, server, at, by, name] = /^([0-9a-f]+):(\d+):(id|identity):([0-9a-f]+)$/.exec(text) ?? [];
      if (name === undefined || server === servers.id) continue;
      const agoMs = Number(now) - Number(at);
      const ended = by === "id" ? { id: name, agoMs } : { identityDigest: name, agoMs };
      for (const listener of [...this.#ended]) listener(ended);
    }
  }
}

/** The name of the mark that all sessions of an identity have ended. */
export function identityMark(identity: string): string {
  return `identity:${digestOfIdentity(identity)}`;
}

/** What happens to sessions at other servers: which were taken there, and which were ended by operators. */

import type { SessionEnds, SessionTarget } from "../../../session/session_ends.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { END, NEWS } from "./resumption_scripts.ts";
import type { Servers } from "./servers.ts";

/** The set of what happened, by time. */
export const NEWS_KEY = "session-news";

/** What the names of marks of ended sessions begin with. */
export const ENDED_KEY = "ended:";

/** How sessions are ended. */
export interface RedisSessionNewsOptions {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  /** How long a session may be kept without use, in milliseconds: for so long it is remembered that it has ended. */
  readonly keptMs: number;
}

/** As one server hears of it, after each of its beats. */
export class RedisSessionNews implements SessionEnds {
  readonly #options: RedisSessionNewsOptions;
  readonly #taken = new Set<(digest: string) => void>();
  readonly #ended = new Set<(target: SessionTarget) => void>();
  /** By Redis' clock; what came before it is known. */
  #since = "-inf";

  constructor(options: RedisSessionNewsOptions) {
    this.#options = options;
    options.servers.onBeat(() => void this.#look());
    // What comes from now on is news, also before the next beat.
    void this.#look();
  }

  async end(target: SessionTarget): Promise<boolean> {
    const { connection, servers, keptMs } = this.#options;
    const text = "id" in target ? `id:${target.id}` : `identity:${target.identity}`;
    try {
      await connection.evaluate(END, [`${ENDED_KEY}${text}`, NEWS_KEY], [text, Math.ceil(keptMs), servers.id]);
      return true;
    } catch (error) {
      if (error instanceof RedisUnavailable) return false;
      throw error;
    }
  }

  watch(listener: (target: SessionTarget) => void): () => void {
    this.#ended.add(listener);
    return () => this.#ended.delete(listener);
  }

  /** Has `listener` hear which sessions other servers took, by the digests of their tokens. */
  watchTaken(listener: (digest: string) => void): () => void {
    this.#taken.add(listener);
    return () => this.#taken.delete(listener);
  }

  async #look(): Promise<void> {
    const { connection, servers } = this.#options;
    let news: readonly string[];
    try {
      news = await connection.evaluate(NEWS, [NEWS_KEY], [this.#since]) as readonly string[];
    } catch (error) {
      if (error instanceof RedisUnavailable) return;
      throw error;
    }
    const isFirst = this.#since === "-inf";
    this.#since = news[0] ?? this.#since;
    for (const text of isFirst ? [] : news.slice(1)) {
      const [, kind, server, rest = ""] = /^(taken|ended):([0-9a-f]+):(.*)$/s.exec(text) ?? [];
      if (server !== servers.id) this.#tell(kind, rest);
    }
  }

  #tell(kind: string | undefined, rest: string): void {
    if (kind === "taken") { for (const listener of [...this.#taken]) listener(rest); }
    const [, by, name] = kind === "ended" ? /^(id|identity):(.*)$/s.exec(rest) ?? [] : [];
    if (name === undefined) return;
    for (const listener of [...this.#ended]) listener(by === "id" ? { id: name } : { identity: name });
  }
}

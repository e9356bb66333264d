/** Sessions that a client can resume at any server on one Redis. */

import { digestOfIdentity } from "../../../session/identity_digest.ts";
import { KEPT_MS, MAX_RESUMABLE_LENGTH, readSubscriptions } from "../../../session/resumption_store.ts";
import type {
  KeptSubscription,
  ResumableSession,
  ResumptionStore,
  Successor,
  TakenResumable,
} from "../../../session/resumption_store.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection, RedisScript } from "./connection.ts";
import { CONFIRM, KEEP, REMOVE, TAKE, TOUCH, UPDATE } from "./resumption_scripts.ts";
import type { Servers } from "./servers.ts";
import { ENDED_KEY, TAKEN_KEY } from "./session_news.ts";
import type { RedisSessionNews } from "./session_news.ts";

const ALL_KEY = "resumables";
const SESSION_KEY = "resumable:";

/** The most sessions of one script call, so that others get their turn. */
const TOUCHED_AT_ONCE = 200;

/** Settings of the store. */
export interface RedisResumptionStoreOptions {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  readonly news: RedisSessionNews;
  /**
   * How long a session is kept without a report, in milliseconds.
   *
   * @default KEPT_MS
   */
  readonly keptMs?: number;
}

/** The sessions of all servers, as seen by one of them. */
export class RedisResumptionStore implements ResumptionStore {
  readonly #options: RedisResumptionStoreOptions;

  constructor(options: RedisResumptionStoreOptions) {
    this.#options = options;
  }

  async keep(digest: string, { id, identity, subscriptions }: ResumableSession): Promise<boolean> {
    const text = JSON.stringify(subscriptions);
    if (text.length > MAX_RESUMABLE_LENGTH) return false;
    const keys = [SESSION_KEY + digest, ownKey(identity), ALL_KEY];
    const { keptMs = KEPT_MS } = this.#options;
    return await this.#evaluate(KEEP, keys, [
      digest,
      id,
      digestOfIdentity(identity),
      text,
      this.#beginning(SESSION_KEY),
      keptMs,
    ]) === 1;
  }

  async update(digest: string, subscriptions: readonly KeptSubscription[]): Promise<void> {
    const text = JSON.stringify(subscriptions);
    if (text.length > MAX_RESUMABLE_LENGTH) await this.remove(digest);
    else await this.#evaluate(UPDATE, [SESSION_KEY + digest], [text]);
  }

  async touch(digests: readonly string[]): Promise<void> {
    const { keptMs = KEPT_MS } = this.#options;
    for (let at = 0; at < digests.length; at += TOUCHED_AT_ONCE) {
      const some = digests.slice(at, at + TOUCHED_AT_ONCE);
      await this.#evaluate(TOUCH, [ALL_KEY], [this.#beginning(SESSION_KEY), keptMs, ...some]);
    }
  }

  async take(handed: string, { identity, next }: Successor): Promise<TakenResumable | "unknown" | "unavailable"> {
    const keys = [SESSION_KEY + handed, ownKey(identity), ALL_KEY, TAKEN_KEY];
    const { servers, keptMs = KEPT_MS } = this.#options;
    const beginnings = [this.#beginning(ENDED_KEY), next, this.#beginning(SESSION_KEY)];
    const args = [handed, digestOfIdentity(identity), servers.id, ...beginnings, keptMs];
    const found = await this.#evaluate(TAKE, keys, args);
    if (found === undefined) return "unavailable";
    if (!Array.isArray(found)) return "unknown";
    const [id, text, digest] = found as [string, string, string];
    const subscriptions = readSubscriptions(text);
    return subscriptions === undefined ? "unknown" : { id, identity, subscriptions, digest };
  }

  async confirm(digest: string): Promise<void> {
    await this.#evaluate(CONFIRM, [SESSION_KEY + digest], [this.#beginning(SESSION_KEY)]);
  }

  async remove(digest: string): Promise<void> {
    await this.#evaluate(REMOVE, [SESSION_KEY + digest, ALL_KEY], [digest]);
  }

  watch(listener: (digest: string) => void): () => void {
    return this.#options.news.watchTaken(listener);
  }

  #beginning(name: string): string {
    return this.#options.connection.key(name);
  }

  /** The result, or `undefined` when there is none; the connection logs why. */
  async #evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#options.connection.evaluate(script, keys, args);
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }
}

/** The key of an identity's set of sessions. */
function ownKey(identity: string): string {
  return `resumables:${digestOfIdentity(identity)}`;
}

/**
 * Counts the connections of each identity over all servers: one hash per identity, with each server's count. A server's
 * count ends with the server, and each repeats its own from time to time, which repairs losses.
 *
 * When Redis is unavailable, each server uses its share: the limit divided by the number of servers last seen.
 */

import { digestOfIdentity } from "../../../session/identity_digest.ts";
import type { ConnectionPlaces } from "../../../session/connection_places.ts";
import type { Place } from "../../../session/registry.ts";
import type { Awaitable } from "../../../timing/awaitable.ts";
import type { Beginning } from "./beginning.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { scriptOf } from "./script.ts";
import { SERVERS_KEY } from "./servers.ts";
import type { Servers } from "./servers.ts";

/** How long Redis keeps the counts of an identity without an update, in milliseconds. */
const KEPT_MS = 180_000;

/** The interval at which a server repeats all its counts, in milliseconds. */
const SAY_AGAIN_MS = 60_000;

/** Keys: counts, servers. Arguments: server, the limit. Returns whether there was room. */
const TAKE = scriptOf(`
local counts = redis.call('HGETALL', KEYS[1])
local total = 0
for at = 1, #counts, 2 do
  if counts[at] == ARGV[1] or redis.call('ZSCORE', KEYS[2], counts[at]) then
    total = total + tonumber(counts[at + 1])
  else
    redis.call('HDEL', KEYS[1], counts[at])
  end
end
if total >= tonumber(ARGV[2]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})
return 1
`);

/** Keys: counts. Arguments: server, its count. */
const SAY = scriptOf(`
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})
end
`);

/** What counting needs. */
export interface RedisConnectionPlacesOptions {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  readonly beginning: Beginning;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** The places of one server's connections. */
export class RedisConnectionPlaces implements ConnectionPlaces {
  readonly #options: RedisConnectionPlacesOptions;
  /** This server's connections. */
  readonly #own = new Map<string, number>();
  /** Identities whose count at this server may be unknown to Redis. */
  readonly #unsaid = new Set<string>();
  #saidAllMs: number;
  #beginning = "";

  constructor(options: RedisConnectionPlacesOptions) {
    this.#options = options;
    this.#saidAllMs = options.monotonic();
    options.servers.onBeat(() => void this.#sayAgain());
  }

  take(identity: string, max: number): Awaitable<Place | undefined> {
    const { connection, servers } = this.#options;
    if (connection.isUsable) return this.#ask(identity, max);
    return this.#takeOfShare(identity, Math.max(1, Math.floor(max / servers.count)));
  }

  async #ask(identity: string, max: number): Promise<Place | undefined> {
    const { connection, servers } = this.#options;
    try {
      const isTaken = await connection.evaluate(TAKE, [keyOf(identity), SERVERS_KEY], [servers.id, max]);
      return isTaken === 1 ? this.#count(identity) : undefined;
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      this.#unsaid.add(identity); // It may have been counted.
      return this.#takeOfShare(identity, Math.max(1, Math.floor(max / servers.count)));
    }
  }

  #takeOfShare(identity: string, share: number): Place | undefined {
    if ((this.#own.get(identity) ?? 0) >= share) return undefined;
    this.#unsaid.add(identity);
    return this.#count(identity);
  }

  #count(identity: string): Place {
    this.#add(identity, 1);
    let isTaken = true;
    return {
      release: () => {
        if (!isTaken) return;
        isTaken = false;
        this.#add(identity, -1);
        void this.#say(identity);
      },
    };
  }

  #add(identity: string, change: 1 | -1): void {
    const count = (this.#own.get(identity) ?? 0) + change;
    if (count === 0) this.#own.delete(identity);
    else this.#own.set(identity, count);
  }

  /** Reports this server's count to Redis; returns whether that succeeded. */
  async #say(identity: string): Promise<boolean> {
    const { connection, servers } = this.#options;
    try {
      await connection.evaluate(SAY, [keyOf(identity)], [servers.id, this.#own.get(identity) ?? 0]);
      return true;
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      this.#unsaid.add(identity);
      return false;
    }
  }

  /** Reports counts that Redis may not know, and all of them when Redis was emptied or would forget them. */
  async #sayAgain(): Promise<void> {
    const { beginning, monotonic } = this.#options;
    const isLost = beginning.known !== this.#beginning;
    if (isLost || monotonic() - this.#saidAllMs >= SAY_AGAIN_MS) {
      this.#beginning = beginning.known;
      this.#saidAllMs = monotonic();
      for (const identity of this.#own.keys()) this.#unsaid.add(identity);
    }
    for (const identity of [...this.#unsaid]) {
      this.#unsaid.delete(identity);
      if (!await this.#say(identity)) return;
    }
  }
}

function keyOf(identity: string): string {
  return `connections:${digestOfIdentity(identity)}`;
}

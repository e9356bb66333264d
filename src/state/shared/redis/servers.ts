/** The servers that share the state: each reports regularly that it is running, and learns how many there are. */

import { BEGINNING_KEY, findBeginning } from "./beginning.ts";
import type { Beginning } from "./beginning.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { scriptOf } from "./script.ts";

/** The set of servers, with the time of each one's last report. */
export const SERVERS_KEY = "servers";

/** The interval of the reports, in milliseconds. */
const BEAT_MS = 2_000;

/** A server that was silent for longer has ended, in milliseconds; also used in scripts. */
const SERVER_GONE_MS = 10_000;

const BEAT = scriptOf(`
${findBeginning("KEYS[2]", "ARGV[3]", "ARGV[4]")}
now = math.floor(now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${SERVER_GONE_MS})
if ARGV[2] == 'leave' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], now, ARGV[1])
end
redis.call('PEXPIRE', KEYS[1], ${2 * SERVER_GONE_MS})
return { redis.call('ZCARD', KEYS[1]), beginning }
`);

/** This server among the others; owns the timer of its reports. */
export class Servers {
  /** The id of this server: 16 hexadecimal digits. */
  readonly id: string = crypto.getRandomValues(new Uint8Array(8)).toHex();
  readonly #connection: RedisConnection;
  readonly #beginning: Beginning;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Called after each report. */
  readonly #onBeat: (() => void)[] = [];
  #count = 1;

  constructor(connection: RedisConnection, beginning: Beginning) {
    this.#connection = connection;
    this.#beginning = beginning;
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
    connection.onReady(() => void this.beat());
  }

  /** The last known number of servers, including this one. */
  get count(): number {
    return this.#count;
  }

  /** Calls `listener` after each successful report. */
  onBeat(listener: () => void): void {
    this.#onBeat.push(listener);
  }

  /** Reports that this server is running; when Redis is unavailable, the last known number stays. */
  async beat(): Promise<void> {
    const count = await this.#say("stay");
    if (count === undefined) return;
    this.#count = Math.max(1, count);
    for (const listener of this.#onBeat) listener();
  }

  /** Removes this server. */
  async leave(): Promise<void> {
    clearInterval(this.#timer);
    await this.#say("leave");
  }

  async #say(what: "stay" | "leave"): Promise<number | undefined> {
    try {
      const args = [this.id, what, ...this.#beginning.args];
      const reply = await this.#connection.evaluate(BEAT, [SERVERS_KEY, BEGINNING_KEY], args);
      const [count, beginning] = reply as [number, string];
      this.#beginning.known = beginning;
      return count;
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }
}

/** Which servers share the state: each says every moment that it is there, and learns how many are. */

import { BEGINNING_KEY, findBeginning } from "./beginning.ts";
import type { Beginning } from "./beginning.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { scriptOf } from "./script.ts";

/** The set of servers with the time at which each was seen. */
export const SERVERS_KEY = "servers";

/** How often a server says that it is there, in milliseconds. */
const BEAT_MS = 2_000;

/** A server that was silent for longer has ended, in milliseconds; also within scripts. */
export const SERVER_GONE_MS = 10_000;

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

/** This server among the others; owns the timer of its beats. */
export class Servers {
  /** Which one this is: 16 hexadecimal digits. */
  readonly id: string = crypto.getRandomValues(new Uint8Array(8)).toHex();
  readonly #connection: RedisConnection;
  readonly #beginning: Beginning;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Called after each beat. */
  readonly #onBeat: (() => void)[] = [];
  #count = 1;

  constructor(connection: RedisConnection, beginning: Beginning) {
    this.#connection = connection;
    this.#beginning = beginning;
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
    connection.onReady(() => void this.beat());
  }

  /** How many there were when this one could ask last, itself among them. */
  get count(): number {
    return this.#count;
  }

  /** Has `listener` called after each beat that was heard. */
  onBeat(listener: () => void): void {
    this.#onBeat.push(listener);
  }

  /** Says that this server is there; where Redis cannot be asked, what was known stays. */
  async beat(): Promise<void> {
    const count = await this.#say("stay");
    if (count === undefined) return;
    this.#count = Math.max(1, count);
    for (const listener of this.#onBeat) listener();
  }

  /** This server is no longer one of them. */
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

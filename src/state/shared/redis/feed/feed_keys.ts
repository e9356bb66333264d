/** The keys of a pair's feed in Redis, and the scripts' calling convention. */

import { RedisUnavailable } from "../connection.ts";
import type { RedisConnection, RedisScript } from "../connection.ts";
import type { RedisClock } from "./redis_clock.ts";

/** The keys of one pair, in the order in which scripts take them. */
export interface FeedKeys {
  readonly lease: string;
  readonly state: string;
  readonly updates: string;
  readonly snapshot: string;
}

/** Keys of a pair at an exchange, which is identified by its host. */
export function feedKeys(host: string, pair: string): FeedKeys {
  const keyOf = (what: string) => `feed:${host}:${pair}:${what}`;
  return { lease: keyOf("lease"), state: keyOf("state"), updates: keyOf("updates"), snapshot: keyOf("snapshot") };
}

/** What the feeds of one server share. */
export interface FeedGround {
  readonly connection: RedisConnection;
  readonly clock: RedisClock;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Runs a script that returns a list starting with Redis's time, which the clock records; `undefined` when Redis does
 * not answer.
 */
export async function askTimed(
  { connection, clock, now }: FeedGround,
  script: RedisScript,
  { keys, args }: { readonly keys: readonly string[]; readonly args: readonly (string | number)[] },
): Promise<readonly unknown[] | undefined> {
  const sentMs = now();
  const reply = await ask(connection, script, { keys, args });
  if (!Array.isArray(reply)) return undefined;
  const [micros, ...rest] = reply;
  clock.note(Number(micros) / 1_000, { sentMs, receivedMs: now() });
  return rest;
}

/** Runs a script; `undefined` when Redis does not answer, which the connection logs. */
export async function ask(
  connection: RedisConnection,
  script: RedisScript,
  { keys, args }: { readonly keys: readonly string[]; readonly args: readonly (string | number)[] },
): Promise<unknown> {
  try {
    return await connection.evaluate(script, keys, args);
  } catch (error) {
    if (error instanceof RedisUnavailable) return undefined;
    throw error;
  }
}

/** Tokens that several servers draw from the same limits, in one step each. */

import { createHash } from "node:crypto";
import { BEGINNING_KEY } from "./beginning.ts";
import type { Beginning } from "./beginning.ts";
import { RedisKeyUnusable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { DRAW } from "./draw_script.ts";

/** A limit as it is now. */
export interface SharedLimit {
  /** How many may be drawn at once. */
  readonly size: number;
  /** How many flow in within a minute. */
  readonly perMinute: number;
}

/** How much to draw. */
export interface Draw {
  readonly want: number;
  /** How many must be left for others. @default 0 */
  readonly reserve?: number;
  /** How many that were granted before are given back unused; below 0, how many were used without a grant. @default 0 */
  readonly giveBack?: number;
}

/** What was drawn. */
export interface Drawn {
  /** From 0 to what was wanted. */
  readonly granted: number;
  /** When there would be one, in milliseconds; 0 where any was granted. */
  readonly retryAfterMs: number;
  /** How many are left; negative where the limit was lowered. */
  readonly available: number;
}

const MINUTE_MS = 60_000;

/** How long a limit is not asked about in whose place something else stands, in milliseconds. */
const UNUSABLE_PAUSE_MS = 1_000;

/** Such limits that are remembered. */
const MAX_UNUSABLE = 1_000;

/** Draws for one server. */
export class SharedTokens {
  readonly #connection: RedisConnection;
  readonly #beginning: Beginning;
  readonly #monotonic: () => number;
  /** Until when limits are not asked about. */
  readonly #unusable = new Map<string, number>();

  /** `monotonic` tells milliseconds. */
  constructor(connection: RedisConnection, beginning: Beginning, monotonic: () => number) {
    this.#connection = connection;
    this.#beginning = beginning;
    this.#monotonic = monotonic;
  }

  /** Whether a draw of this limit has a chance of being answered now. */
  isUsable(name: string): boolean {
    if (!this.#connection.isUsable) return false;
    if (this.#unusable.size === 0) return true;
    const untilMs = this.#unusable.get(name) ?? -Infinity;
    if (this.#monotonic() < untilMs) return false;
    this.#unusable.delete(name);
    return true;
  }

  /**
   * Draws tokens of a limit.
   *
   * @throws {RedisUnavailable} what was drawn then, if anything, is lost to all
   */
  async draw(
    name: string,
    { size, perMinute }: SharedLimit,
    { want, reserve = 0, giveBack = 0 }: Draw,
  ): Promise<Drawn> {
    // Names hold who somebody is, which is none of Redis' business.
    const key = `limit:${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
    const args = [MINUTE_MS / perMinute, size, want, reserve, giveBack, ...this.#beginning.args];
    const reply = await this.#connection.evaluate(DRAW, [key, BEGINNING_KEY], args).catch((error) => {
      if (error instanceof RedisKeyUnusable) this.#pause(name);
      throw error;
    });
    const [granted, retryAfterMs, available, beginning] = reply as [number, number, string, string];
    this.#beginning.known = beginning;
    return { granted, retryAfterMs, available: Number(available) };
  }

  #pause(name: string): void {
    const [oldest] = this.#unusable.keys();
    if (this.#unusable.size >= MAX_UNUSABLE && oldest !== undefined) this.#unusable.delete(oldest);
    this.#unusable.set(name, this.#monotonic() + UNUSABLE_PAUSE_MS);
  }
}

/** Tokens that several servers draw from the same limits, in one step each. */

import { createHash } from "node:crypto";
import { BEGINNING_KEY } from "./beginning.ts";
import type { Beginning } from "./beginning.ts";
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

/** Draws for one server. */
export class SharedTokens {
  readonly #connection: RedisConnection;
  readonly #beginning: Beginning;

  constructor(connection: RedisConnection, beginning: Beginning) {
    this.#connection = connection;
    this.#beginning = beginning;
  }

  /** Whether a draw has a chance of being answered now. */
  get isUsable(): boolean {
    return this.#connection.isUsable;
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
    const [granted, retryAfterMs, available, beginning] = await this.#connection.evaluate(
      DRAW,
      [key, BEGINNING_KEY],
      args,
    ) as [number, number, string, string];
    this.#beginning.known = beginning;
    return { granted, retryAfterMs, available: Number(available) };
  }
}

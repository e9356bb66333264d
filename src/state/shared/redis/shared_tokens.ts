/** Tokens that several servers draw atomically from shared limits. */

import { createHash } from "node:crypto";
import { BEGINNING_KEY } from "./beginning.ts";
import type { Beginning } from "./beginning.ts";
import { RedisKeyUnusable } from "./connection.ts";
import type { RedisConnection } from "./connection.ts";
import { DRAW } from "./draw_script.ts";

/** A limit at the moment. */
export interface SharedLimit {
  /** The capacity. */
  readonly size: number;
  /** Tokens that accrue per minute. */
  readonly perMinute: number;
}

/** How much to draw. */
export interface Draw {
  readonly want: number;
  /**
   * How many must be left for others.
   *
   * @default 0
   */
  readonly reserve?: number;
  /**
   * Unused tokens of earlier draws to return; negative: tokens that were used without a draw.
   *
   * @default 0
   */
  readonly giveBack?: number;
}

/** The result of a draw. */
export interface Drawn {
  /** From 0 to the wanted number. */
  readonly granted: number;
  /** When a token will be available, in milliseconds; 0 when any was granted. */
  readonly retryAfterMs: number;
  /** How many are left; negative after the limit was lowered. */
  readonly available: number;
}

const MINUTE_MS = 60_000;

/** How long a limit whose key contains foreign data is not used, in milliseconds. */
const UNUSABLE_PAUSE_MS = 1_000;

/** The most such limits that are remembered. */
const MAX_UNUSABLE = 1_000;

/** Draws for one server. */
export class SharedTokens {
  readonly #connection: RedisConnection;
  readonly #beginning: Beginning;
  readonly #monotonic: () => number;
  /** When limits may be used again. */
  readonly #unusable = new Map<string, number>();

  /** `monotonic` returns milliseconds. */
  constructor(connection: RedisConnection, beginning: Beginning, monotonic: () => number) {
    this.#connection = connection;
    this.#beginning = beginning;
    this.#monotonic = monotonic;
  }

  /** Whether a draw of this limit may be answered now. */
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
   * @throws {RedisUnavailable} tokens that were drawn nevertheless are lost
   */
  async draw(
    name: string,
    { size, perMinute }: SharedLimit,
    { want, reserve = 0, giveBack = 0 }: Draw,
  ): Promise<Drawn> {
    // Names would reveal identities to Redis.
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

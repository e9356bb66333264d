/**
 * Calls to the exchange that several servers share. The calls of a minute are divided into a fifth that is available at
 * once and the rest, which accrues over time, so that no 60 seconds exceed the limit; Redis hands them out in small
 * batches, urgent ones singly.
 *
 * When Redis is unavailable, each server uses its share: the accruing calls divided by the number of servers last seen.
 * As the others may have used the whole preceding minute, reads wait for newly accrued calls; orders have a reserve.
 */

import { RESERVED_SHARE } from "../../../exchange/call_supply.ts";
import type { CallSupply, Reservation } from "../../../exchange/call_supply.ts";
import { CallWindow } from "../../../exchange/call_window.ts";
import type { Priority } from "../../../exchange/endpoint.ts";
import { DEADLINE_MS, RedisUnavailable } from "./connection.ts";
import type { SharedLimit, SharedTokens } from "./shared_tokens.ts";

/** The share of a minute's calls that is available at once. */
const AT_ONCE = 0.2;

/** Calls that are drawn together. */
const BATCH: Readonly<Record<Priority, number>> = { market: 4, account: 1, order: 1, cancel: 1 };

/** How long drawn calls are kept before they are returned, in milliseconds. */
const LAPSE_MS = 1_000;

/** How long to wait after a failure before asking Redis again, in milliseconds. */
const FAILED_PAUSE_MS = 50;

/** Whose drawn calls a priority may use: a cancel may use those of a read, never the other way round. */
const LOWEST_FIRST = ["market", "account", "order", "cancel"] as const satisfies readonly Priority[];

/** Calls that were drawn for one priority. */
interface Pool {
  calls: number;
  lapseMs: number;
  /** No calls are available before this time. */
  emptyUntilMs: number;
  isDrawing: boolean;
}

/** The shared budget, and its servers. */
export interface RedisCallSupplyOptions {
  /** Identifies the budget: the exchange and the key. */
  readonly name: string;
  readonly limitPerMinute: number;
  readonly tokens: SharedTokens;
  /** The number of servers last seen, including this one. */
  readonly servers: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** One server's access to the shared calls. */
export class RedisCallSupply implements CallSupply {
  readonly #options: RedisCallSupplyOptions;
  readonly #limit: SharedLimit;
  readonly #name: string;
  /** This server's share; its calls count there too, so that the share is already used when it is needed. */
  readonly #share: CallWindow;
  readonly #pools: Readonly<Record<Priority, Pool>>;
  readonly #listeners: (() => void)[] = [];
  /** Calls left for all servers at the last draw. */
  #left: number;
  #isAlone = false;

  constructor(options: RedisCallSupplyOptions) {
    const { limitPerMinute, servers, now } = options;
    const size = Math.max(1, Math.floor(limitPerMinute * AT_ONCE));
    this.#options = options;
    this.#name = `calls ${options.name}`;
    this.#limit = { size, perMinute: Math.max(1, limitPerMinute - size) };
    const share = () => servers() === 1 ? limitPerMinute : Math.max(1, Math.floor(this.#limit.perMinute / servers()));
    this.#share = new CallWindow({ limitPerMinute: share, now });
    this.#pools = { market: emptyPool(), account: emptyPool(), order: emptyPool(), cancel: emptyPool() };
    this.#left = size;
  }

  get remaining(): number {
    if (this.#mustBeAlone()) return this.#share.remaining;
    const drawn = LOWEST_FIRST.reduce((sum, priority) => sum + this.#pools[priority].calls, 0);
    return Math.max(0, Math.floor(this.#left)) + drawn;
  }

  take(priority: Priority): Reservation | undefined {
    const nowMs = this.#options.now();
    for (const usable of LOWEST_FIRST.slice(0, LOWEST_FIRST.indexOf(priority) + 1)) {
      const pool = this.#pools[usable];
      if (pool.calls > 0 && nowMs < pool.lapseMs) return this.#takeFrom(pool);
    }
    const own = this.#pools[priority];
    if (this.#mustBeAlone()) return this.#share.take(priority);
    if (nowMs < own.emptyUntilMs) return undefined;
    if (!own.isDrawing) void this.#draw(priority, own);
    return undefined;
  }

  waitMs(priority: Priority): number {
    const { emptyUntilMs, isDrawing } = this.#pools[priority];
    if (isDrawing) return DEADLINE_MS;
    if (this.#mustBeAlone()) return this.#share.waitMs(priority);
    return Math.max(0, emptyUntilMs - this.#options.now());
  }

  onMore(listener: () => void): void {
    this.#listeners.push(listener);
    this.#share.onMore(listener);
  }

  /** Whether Redis is unavailable; from then on the share accounts for what the others may have used. */
  #mustBeAlone(): boolean {
    const { tokens, servers } = this.#options;
    if (this.#isAlone === tokens.isUsable(this.#name)) {
      this.#isAlone = !this.#isAlone;
      if (this.#isAlone && servers() > 1) this.#share.fill();
    }
    return this.#isAlone;
  }

  #takeFrom(pool: Pool): Reservation {
    pool.calls--;
    const counted = this.#share.count();
    let isOpen = true;
    return {
      use() {
        isOpen = false;
        counted.use();
      },
      release() {
        if (isOpen) pool.calls++;
        isOpen = false;
        counted.release();
      },
    };
  }

  /** Draws calls of one priority, one request at a time. */
  async #draw(priority: Priority, pool: Pool): Promise<void> {
    const { tokens, now } = this.#options;
    const { size } = this.#limit;
    const giveBack = now() >= pool.lapseMs ? pool.calls : 0;
    pool.calls -= giveBack;
    pool.isDrawing = true;
    try {
      const want = Math.max(1, Math.min(BATCH[priority], Math.floor(size / 10)));
      const draw = { want, giveBack, reserve: size * RESERVED_SHARE[priority] };
      const { granted, retryAfterMs, available } = await tokens.draw(this.#name, this.#limit, draw);
      pool.calls += granted;
      pool.lapseMs = now() + LAPSE_MS;
      pool.emptyUntilMs = granted > 0 ? -Infinity : now() + retryAfterMs;
      this.#left = available;
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error;
      pool.emptyUntilMs = now() + FAILED_PAUSE_MS;
    } finally {
      pool.isDrawing = false;
    }
    for (const listener of this.#listeners) listener();
  }
}

function emptyPool(): Pool {
  return { calls: 0, lapseMs: -Infinity, emptyUntilMs: -Infinity, isDrawing: false };
}

/**
 * A rate limit per key over all servers. Tokens are drawn from Redis in small batches, so that most requests need no
 * round trip: batches grow with a key's use, and unused tokens are returned with the next draw.
 *
 * When Redis is unavailable, each server uses its share: the limit divided by the number of servers last seen, and no
 * more than a batch at once, as others may have used the rest. Requests admitted then are drawn when Redis is back.
 */

import type { Admission, RateLimit, RateLimitOptions } from "../../../session/rate_limit.ts";
import type { Awaitable } from "../../../timing/awaitable.ts";
import { MemoryRateLimit } from "../memory/rate_limit.ts";
import { RedisUnavailable } from "./connection.ts";
import type { SharedTokens } from "./shared_tokens.ts";

/** The largest batch, as a share of the limit and in tokens. */
const BATCH_SHARE = 0.05;
const MAX_BATCH = 1_000;

/** The smallest batch that is drawn before the previous one is used up. */
const SMALLEST_AHEAD = 4;

/**
 * The least time that tokens are kept, in milliseconds: of a high limit they would otherwise accrue before they are
 * used.
 */
const LEAST_KEPT_MS = 1_000;

/** The most keys that are remembered; beyond that the least recently used one is forgotten. */
const MAX_KEYS = 10_000;

const MINUTE_MS = 60_000;

/** A server's tokens of one key. */
interface Allotment {
  tokens: number;
  /** The size of the last batch. */
  batch: number;
  /** After this time the tokens are returned instead of used. */
  lapseMs: number;
  /** No tokens are available before this time. */
  emptyUntilMs: number;
  /** Tokens left for all when the last batch was drawn, and when. */
  left: number;
  drawnMs: number;
  /** Requests admitted while Redis was unavailable, still to be drawn. */
  owed: number;
  drawing: Promise<boolean> | undefined;
}

/** How a limit is shared. */
export interface RedisRateLimitOptions extends RateLimitOptions {
  readonly tokens: SharedTokens;
  /** The number of servers last seen, including this one. */
  readonly servers: () => number;
}

/** The limits of all keys. */
export class RedisRateLimit implements RateLimit {
  readonly perMinute: (key: string) => number;
  readonly #options: RedisRateLimitOptions;
  /** This server's share, which is used along with the batches, and alone when Redis is unavailable. */
  readonly #share: MemoryRateLimit;
  readonly #allotments = new Map<string, Allotment>();

  constructor(options: RedisRateLimitOptions) {
    this.#options = options;
    const { perMinute, servers, now } = options;
    this.perMinute = perMinute;
    const share = (key: string) => Math.max(1, Math.floor(perMinute(key) / servers()));
    // Tokens that no other server can have used are available at once.
    const burst = (key: string) =>
      servers() === 1 ? perMinute(key) : Math.min(share(key), largestBatch(perMinute(key)));
    this.#share = new MemoryRateLimit({ perMinute: share, burst, now });
  }

  take(key: string): Awaitable<Admission> {
    const nowMs = this.#options.now();
    const allotment = this.#allotmentOf(key);
    if (allotment.tokens > 0 && nowMs < allotment.lapseMs) {
      allotment.tokens--;
      this.#share.take(key);
      if (isRunningOut(allotment)) void this.#draw(key, allotment);
      return { ok: true };
    }
    if (nowMs < allotment.emptyUntilMs) return { ok: false, retryAfterMs: Math.ceil(allotment.emptyUntilMs - nowMs) };
    if (!this.#options.tokens.isUsable(nameOf(key))) return this.#takeShare(key, allotment);
    return this.#draw(key, allotment).then((isDrawn) => isDrawn ? this.take(key) : this.#takeShare(key, allotment));
  }

  #takeShare(key: string, allotment: Allotment): Admission {
    const admission = this.#share.take(key);
    // More than the whole limit need not be drawn later, as it would have refilled.
    if (admission.ok) allotment.owed = Math.min(allotment.owed + 1, this.perMinute(key));
    return admission;
  }

  use(key: string): number {
    const allotment = this.#allotments.get(key);
    if (!this.#options.tokens.isUsable(nameOf(key)) || allotment === undefined) return this.#share.use(key);
    const size = this.perMinute(key);
    const flowedIn = (this.#options.now() - allotment.drawnMs) * size / MINUTE_MS;
    return 1 - Math.min(size, Math.max(0, allotment.left + flowedIn + allotment.tokens)) / size;
  }

  keysAbove(share: number): string[] {
    return [...this.#allotments.keys()].filter((key) => this.use(key) > share);
  }

  /** Draws a batch, one at a time per key; returns whether Redis was available. */
  #draw(key: string, allotment: Allotment): Promise<boolean> {
    return allotment.drawing ??= this.#drawNow(key, allotment).finally(() => allotment.drawing = undefined);
  }

  async #drawNow(key: string, allotment: Allotment): Promise<boolean> {
    const { tokens, now } = this.#options;
    const size = this.perMinute(key);
    const want = nextBatch(allotment, { size, nowMs: now() });
    const giveBack = now() >= allotment.lapseMs ? allotment.tokens : 0;
    allotment.tokens -= giveBack;
    const { owed } = allotment;
    try {
      const limit = { size, perMinute: size };
      const drawn = await tokens.draw(nameOf(key), limit, { want, giveBack: giveBack - owed });
      const nowMs = now();
      allotment.owed -= owed;
      allotment.tokens += drawn.granted;
      allotment.batch = want;
      allotment.lapseMs = nowMs + Math.max(LEAST_KEPT_MS, want * MINUTE_MS / size);
      allotment.emptyUntilMs = drawn.granted > 0 ? -Infinity : nowMs + drawn.retryAfterMs;
      allotment.left = drawn.available;
      allotment.drawnMs = nowMs;
      return true;
    } catch (error) {
      if (error instanceof RedisUnavailable) return false;
      throw error;
    }
  }

  #allotmentOf(key: string): Allotment {
    const known = this.#allotments.get(key);
    if (known !== undefined) return known;
    const fresh: Allotment = {
      tokens: 0,
      batch: 0,
      lapseMs: -Infinity,
      emptyUntilMs: -Infinity,
      left: this.perMinute(key),
      drawnMs: this.#options.now(),
      owed: 0,
      drawing: undefined,
    };
    this.#allotments.set(key, fresh);
    const [oldest] = this.#allotments.keys();
    if (this.#allotments.size > MAX_KEYS && oldest !== undefined) this.#allotments.delete(oldest);
    return fresh;
  }
}

function nameOf(key: string): string {
  return `client ${key}`;
}

/** A frequently used key gets its next batch before this one is used up. */
function isRunningOut({ tokens, batch }: Allotment): boolean {
  return batch >= SMALLEST_AHEAD && tokens < batch / 2;
}

/**
 * Twice the last batch if it was used up, else the used part of it: a rarely used key takes nothing from other servers.
 */
function nextBatch({ tokens, batch, lapseMs }: Allotment, { size, nowMs }: { size: number; nowMs: number }): number {
  const isUsedUp = tokens < batch / 2 && nowMs < lapseMs;
  const wanted = isUsedUp ? batch * 2 : batch - tokens;
  return Math.max(1, Math.min(wanted, largestBatch(size)));
}

function largestBatch(size: number): number {
  return Math.max(1, Math.min(MAX_BATCH, Math.floor(size * BATCH_SHARE)));
}

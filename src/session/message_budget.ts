/**
 * Bounds all messages of one connection: every message has a cost, so that no client can keep the server busy for free.
 */

import { TokenBucket } from "../timing/token_bucket.ts";
import type { BucketRate } from "../timing/token_bucket.ts";

/**
 * Messages per minute in addition to twice the request limit: for pings, notifications and cancellations of a client
 * with few requests.
 */
const SPARE_MESSAGES = 600;

/** Messages of the largest size that may come in a second. */
const LARGEST_PER_SECOND = 4;

/**
 * The allowance that a disconnected client must wait for, and that it has on its next connection: an opening and a few
 * calls.
 */
const FIRST_AFTER_CUT = 50;

/** The most identities that are remembered as disconnected. */
const MAX_REMEMBERED = 1_000;

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** The settings that a budget is derived from. */
export interface MessageBudgetOptions {
  /** Requests per minute, at this moment. */
  readonly rateLimit: () => number;
  /** Largest message, in bytes. */
  readonly maxMessageSize: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /**
   * Initial allowance of messages.
   *
   * @default the allowance of a minute
   */
  readonly first?: number;
}

/**
 * Creates the budgets of connections. A client that was disconnected for exceeding its budget must wait until the cost
 * of an opening has accrued, and starts its next connection with just that, so that reconnecting gains nothing.
 */
export class MessageBudgets {
  readonly #options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">;
  /** When each identity was last disconnected, the latest last. */
  readonly #cuts = new Map<string, number>();

  constructor(options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">) {
    this.#options = options;
  }

  /** How long an identity must wait before it may connect again, in milliseconds; 0 when it may connect now. */
  pauseMs(identity: string, rateLimit: number): number {
    const pauseMs = FIRST_AFTER_CUT * MINUTE_MS / messagesPerMinute(rateLimit);
    return Math.max(0, (this.#cuts.get(identity) ?? -Infinity) + pauseMs - this.#options.now());
  }

  /**
   * The budget of a new connection, which covers at least an opening; call `cutOff` when the client is disconnected.
   */
  open(identity: string, rateLimit: () => number): { readonly budget: MessageBudget; readonly cutOff: () => void } {
    const { now } = this.#options;
    const sinceMs = now() - (this.#cuts.get(identity) ?? -Infinity);
    const size = messagesPerMinute(rateLimit());
    const first = Math.min(size, Math.max(FIRST_AFTER_CUT, sinceMs * size / MINUTE_MS));
    return {
      budget: new MessageBudget({ ...this.#options, rateLimit, first }),
      cutOff: () => this.#remember(identity),
    };
  }

  #remember(identity: string): void {
    this.#cuts.delete(identity);
    this.#cuts.set(identity, this.#options.now());
    const [oldest] = this.#cuts.keys();
    if (this.#cuts.size > MAX_REMEMBERED && oldest !== undefined) this.#cuts.delete(oldest);
  }
}

/**
 * The budget of one connection: 2 × `rateLimit` + 600 messages per minute, 4 × `maxMessageSize` characters per second.
 */
export class MessageBudget {
  readonly #options: MessageBudgetOptions;
  readonly #characterRate: BucketRate;
  readonly #messages: TokenBucket;
  readonly #characters: TokenBucket;

  constructor(options: MessageBudgetOptions) {
    const characters = LARGEST_PER_SECOND * options.maxMessageSize;
    this.#options = options;
    this.#characterRate = { size: characters, perMs: characters / SECOND_MS };
    const atMs = options.now();
    this.#messages = new TokenBucket(this.#messageRate, atMs, options.first);
    this.#characters = new TokenBucket(this.#characterRate, atMs);
  }

  /** Takes the cost of one message; returns whether the budget covered it. */
  take(characters: number): boolean {
    const atMs = this.#options.now();
    return this.#messages.take(1, { rate: this.#messageRate, atMs }) === 0 &&
      this.#characters.take(characters, { rate: this.#characterRate, atMs }) === 0;
  }

  get #messageRate(): BucketRate {
    const size = messagesPerMinute(this.#options.rateLimit());
    return { size, perMs: size / MINUTE_MS };
  }
}

/** Messages that a connection may send per minute, and at once. */
export function messagesPerMinute(rateLimit: number): number {
  return 2 * rateLimit + SPARE_MESSAGES;
}

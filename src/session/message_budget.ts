/** What one connection may send, whatever it is: everything has a price, so that nobody can keep the server busy for free. */

import { TokenBucket } from "./token_bucket.ts";
import type { BucketRate } from "./token_bucket.ts";

/** Messages a minute beside twice the requests: pings, notifications and cancellations of whoever asks little. */
const SPARE_MESSAGES = 600;

/** Messages of the largest size that may come in a second. */
const LARGEST_PER_SECOND = 4;

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** The settings that a budget follows from. */
export interface MessageBudgetOptions {
  /** Requests a minute, as they are now. */
  readonly rateLimit: () => number;
  /** Of one message, in bytes. */
  readonly maxMessageSize: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The budget of one connection: 2 × `rateLimit` + 600 messages a minute, 4 × `maxMessageSize` characters a second. */
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
    this.#messages = new TokenBucket(this.#messageRate, atMs);
    this.#characters = new TokenBucket(this.#characterRate, atMs);
  }

  /** Takes the price of one message; answers whether there was enough. */
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

/** Messages that a connection may send in a minute, and at once. */
export function messagesPerMinute(rateLimit: number): number {
  return 2 * rateLimit + SPARE_MESSAGES;
}

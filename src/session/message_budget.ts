/** What one connection may send, whatever it is: everything has a price, so that nobody can keep the server busy for free. */

import { TokenBucket } from "../timing/token_bucket.ts";
import type { BucketRate } from "../timing/token_bucket.ts";

/** Messages a minute beside twice the requests: pings, notifications and cancellations of whoever asks little. */
const SPARE_MESSAGES = 600;

/** Messages of the largest size that may come in a second. */
const LARGEST_PER_SECOND = 4;

/** What whoever was cut off must wait for, and may send on the next connection: an opening and a few calls. */
const FIRST_AFTER_CUT = 50;

/** Identities that are remembered for having been cut off. */
const MAX_REMEMBERED = 1_000;

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
  /** Messages that may come at once at first. @default as many as in a minute */
  readonly first?: number;
}

/**
 * Makes the budgets of connections. A client that was disconnected for it waits until an opening has flowed in, and begins the next connection
 * with that, so that coming again does not pay.
 */
export class MessageBudgets {
  readonly #options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">;
  /** When each identity was cut off last, the latest at the end. */
  readonly #cuts = new Map<string, number>();

  constructor(options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">) {
    this.#options = options;
  }

  /** How long an identity that was cut off may not connect yet, in milliseconds; 0 where it may. */
  pauseMs(identity: string, rateLimit: number): number {
    const pauseMs = FIRST_AFTER_CUT * MINUTE_MS / messagesPerMinute(rateLimit);
    return Math.max(0, (this.#cuts.get(identity) ?? -Infinity) + pauseMs - this.#options.now());
  }

  /** The budget of a new connection, with an opening at least; `cutOff` is to be called when it is cut off. */
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
    this.#messages = new TokenBucket(this.#messageRate, atMs, options.first);
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

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

/** The messages that a client must wait for, and that it has on each connection at least: an opening and a few calls. */
const FIRST_MESSAGES = 50;

/** The characters that it has on each connection at least: those of the longest opening. */
const FIRST_CHARACTERS = 65_536;

/** The most identities whose last connection is remembered. */
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
   * Initial allowances.
   *
   * @default the messages of a minute, the characters of a second
   */
  readonly first?: { readonly messages: number; readonly characters: number };
}

/** What an identity had left when its last connection ended. */
interface Left {
  readonly messages: number;
  readonly characters: number;
  readonly atMs: number;
}

/**
 * Creates the budgets of connections. The next connection of a client has what the last one left, and what has accrued
 * since, so that reconnecting gains nothing. A client that was disconnected for exceeding its budget has nothing left.
 */
export class MessageBudgets {
  readonly #options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">;
  /** By identity, the latest last. */
  readonly #left = new Map<string, Left>();

  constructor(options: Pick<MessageBudgetOptions, "maxMessageSize" | "now">) {
    this.#options = options;
  }

  /** How long an identity must wait before it may connect again, in milliseconds; 0 when it may connect now. */
  pauseMs(identity: string, rateLimit: number): number {
    const missing = FIRST_MESSAGES - this.#leftOf(identity, rateLimit).messages;
    return Math.max(0, missing * MINUTE_MS / messagesPerMinute(rateLimit));
  }

  /**
   * The budget of a new connection, which covers at least an opening. Call `cutOff` when the client is disconnected for
   * exceeding it, and `ended` when the connection has ended.
   */
  open(
    identity: string,
    rateLimit: () => number,
  ): { readonly budget: MessageBudget; readonly cutOff: () => void; readonly ended: () => void } {
    const { maxMessageSize } = this.#options;
    const { messages, characters } = this.#leftOf(identity, rateLimit());
    const budget = new MessageBudget({
      ...this.#options,
      rateLimit,
      first: {
        messages: Math.max(FIRST_MESSAGES, messages),
        characters: Math.max(Math.min(FIRST_CHARACTERS, maxMessageSize), characters),
      },
    });
    return {
      budget,
      cutOff: () => this.#remember(identity, { messages: 0, characters: 0 }, rateLimit()),
      // The connection itself counts as a message.
      ended: () => this.#remember(identity, { ...budget.left, messages: budget.left.messages - 1 }, rateLimit()),
    };
  }

  #leftOf(identity: string, rateLimit: number): Omit<Left, "atMs"> {
    const perMinute = messagesPerMinute(rateLimit);
    const perSecond = LARGEST_PER_SECOND * this.#options.maxMessageSize;
    const left = this.#left.get(identity);
    if (left === undefined) return { messages: perMinute, characters: perSecond };
    const sinceMs = this.#options.now() - left.atMs;
    return {
      messages: Math.min(perMinute, left.messages + sinceMs * perMinute / MINUTE_MS),
      characters: Math.min(perSecond, left.characters + sinceMs * perSecond / SECOND_MS),
    };
  }

  /** Of several connections, the one that left least counts. */
  #remember(identity: string, { messages, characters }: Omit<Left, "atMs">, rateLimit: number): void {
    const known = this.#leftOf(identity, rateLimit);
    this.#left.delete(identity);
    this.#left.set(identity, {
      messages: Math.min(known.messages, messages),
      characters: Math.min(known.characters, characters),
      atMs: this.#options.now(),
    });
    const [oldest] = this.#left.keys();
    if (this.#left.size > MAX_REMEMBERED && oldest !== undefined) this.#left.delete(oldest);
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
    this.#messages = new TokenBucket(this.#messageRate, atMs, options.first?.messages);
    this.#characters = new TokenBucket(this.#characterRate, atMs, options.first?.characters);
  }

  /** Takes the cost of one message; returns whether the budget covered it. */
  take(characters: number): boolean {
    const atMs = this.#options.now();
    return this.#messages.take(1, { rate: this.#messageRate, atMs }) === 0 &&
      this.#characters.take(characters, { rate: this.#characterRate, atMs }) === 0;
  }

  /** What it covers now. */
  get left(): { readonly messages: number; readonly characters: number } {
    const atMs = this.#options.now();
    return {
      messages: this.#messages.tokens(this.#messageRate, atMs),
      characters: this.#characters.tokens(this.#characterRate, atMs),
    };
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

/** The newest public trades of one market, without a gap: what the stream tells, joined to what the exchange answered before. */

import type { BookTrade } from "../../exchange/stream/order_book.ts";
import type { PublicTrade } from "../../exchange/schemas.ts";

/** As many as the exchange answers at once, and enough to go on when it is asked for older ones. */
const MOST_KEPT = 1_000;

/** The most that the exchange answers at once. */
const PAGE_SIZE = 100;

/** How far back the exchange answers. */
const DAY_MS = 86_400_000;

/** Trades by their sequence, which rises by one with each. */
export class TradeLog {
  /** Oldest first. */
  #trades: PublicTrade[] = [];
  /** Whether the market had no earlier trade within a day when it was asked. */
  #isComplete = false;

  /** The newest trade; `undefined` before there is one. */
  get newest(): PublicTrade | undefined {
    return this.#trades.at(-1);
  }

  /** Forgets everything: trades may have been missed. */
  clear(): void {
    this.#trades = [];
    this.#isComplete = false;
  }

  /** Adds what the stream tells. */
  add(trades: readonly BookTrade[]): void {
    for (const { sequence, timestamp, price, volume, isBuy } of trades) {
      const number = Number(sequence);
      const { newest } = this;
      if (newest !== undefined && number <= newest.sequence) continue;
      if (newest !== undefined && number > newest.sequence + 1) this.clear();
      this.#trades.push({ sequence: number, timestamp, price, volume, is_buy: isBuy });
    }
    if (this.#trades.length <= 2 * MOST_KEPT) return;
    this.#trades = this.#trades.slice(-MOST_KEPT);
    this.#isComplete = false;
  }

  /** Adds what the exchange answered, newest first, where it joins what is known. */
  join(answered: readonly PublicTrade[]): void {
    if (!isWithoutGap(answered)) return;
    const older = answered.toReversed();
    const [oldest] = this.#trades;
    if (oldest !== undefined && (older.at(-1)?.sequence ?? -1) < oldest.sequence - 1) return;
    const { newest } = this;
    const before = oldest === undefined ? older : older.filter(({ sequence }) => sequence < oldest.sequence);
    const after = newest === undefined ? [] : older.filter(({ sequence }) => sequence > newest.sequence);
    this.#trades = [...before, ...this.#trades, ...after];
    this.#isComplete = answered.length < PAGE_SIZE;
  }

  /** What the exchange would answer now, newest first; `undefined` where older trades may be missing. */
  page(nowMs: number): readonly PublicTrade[] | undefined {
    if (this.#trades.length < PAGE_SIZE && !this.#isComplete) return undefined;
    const newest = this.#trades.slice(-PAGE_SIZE).reverse();
    return newest.filter(({ timestamp }) => timestamp >= nowMs - DAY_MS);
  }

  /** The trades from a moment on, oldest first; `undefined` where some of them may be missing. */
  since(fromMs: number): readonly PublicTrade[] | undefined {
    const [oldest] = this.#trades;
    if (!this.#isComplete && (oldest === undefined || oldest.timestamp >= fromMs)) return undefined;
    return this.#trades.filter(({ timestamp }) => timestamp >= fromMs);
  }
}

function isWithoutGap(newestFirst: readonly PublicTrade[]): boolean {
  return newestFirst.every(({ sequence }, index) => index === 0 || newestFirst[index - 1]?.sequence === sequence + 1);
}

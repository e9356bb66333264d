/**
 * The latest public trades of one market without a gap: those of the stream, joined to an earlier answer of the
 * exchange.
 */

import type { BookTrade } from "../../exchange/stream/order_book.ts";
import type { PublicTrade } from "../../exchange/market_schemas.ts";

/** As many as one answer of the exchange has, and enough to continue when older ones are requested. */
const MOST_KEPT = 1_000;

/** The most trades in one answer of the exchange. */
const PAGE_SIZE = 100;

/** How far back the exchange's answers reach. */
const DAY_MS = 86_400_000;

/** Trades by sequence, which increases by one with each trade. */
export class TradeLog {
  /** Oldest first. */
  #trades: PublicTrade[] = [];
  /** Whether the market had no earlier trade within a day when it was read. */
  #isComplete = false;

  /** The latest trade; `undefined` before there is one. */
  get newest(): PublicTrade | undefined {
    return this.#trades.at(-1);
  }

  /** Removes all trades, as some may have been missed. */
  clear(): void {
    this.#trades = [];
    this.#isComplete = false;
  }

  /** Adds trades of the stream. */
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

  /** Adds an answer of the exchange, newest first, if it joins the known trades. */
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

  /** What the exchange would return now, newest first; `undefined` when older trades may be missing. */
  page(nowMs: number): readonly PublicTrade[] | undefined {
    if (this.#trades.length < PAGE_SIZE && !this.#isComplete) return undefined;
    const newest = this.#trades.slice(-PAGE_SIZE).reverse();
    return newest.filter(({ timestamp }) => timestamp >= nowMs - DAY_MS);
  }

  /** The trades since a moment, oldest first; `undefined` when some may be missing. */
  since(fromMs: number): readonly PublicTrade[] | undefined {
    const [oldest] = this.#trades;
    if (!this.#isComplete && (oldest === undefined || oldest.timestamp >= fromMs)) return undefined;
    return this.#trades.filter(({ timestamp }) => timestamp >= fromMs);
  }
}

function isWithoutGap(newestFirst: readonly PublicTrade[]): boolean {
  return newestFirst.every(({ sequence }, index) => index === 0 || newestFirst[index - 1]?.sequence === sequence + 1);
}

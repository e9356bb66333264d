/**
 * The matching engine over one identity's paper account and the present real book. A waiting order counts as the first
 * at its price, because its position in the real queue is unknown. An engine is created for each decision.
 */

import Big from "big.js";
import type { PublicTrade } from "../../exchange/market_schemas.ts";
import { parseDecimal } from "../../money/decimals.ts";
import type { MarketTrade } from "../engine/liquidity.ts";
import type { TradedMarket } from "../engine/market.ts";
import { MatchingEngine } from "../engine/matching_engine.ts";
import type { OrderDraft } from "../engine/order_draft.ts";
import type { Order } from "../engine/orders.ts";
import { ENGINE_DEFAULTS } from "../engine/settings.ts";
import type { AccountState } from "./account_state.ts";
import type { PaperIds } from "./paper_ids.ts";
import { wholeLots } from "./paper_market.ts";
import type { RealBook } from "./real_book.ts";
import { RealLiquidity } from "./real_liquidity.ts";

/** Parts of an engine. */
export interface PaperEngineParts {
  readonly state: AccountState;
  readonly market: TradedMarket;
  readonly ids: PaperIds;
  /** The present real book; `null` when it is not needed. */
  readonly book: RealBook | null;
  readonly nowMs: number;
}

/** The engine of one identity in one market at one time. */
export class PaperEngine {
  readonly #parts: PaperEngineParts;
  readonly #engine: MatchingEngine;

  constructor(parts: PaperEngineParts) {
    const { state, ids } = parts;
    this.#parts = parts;
    this.#engine = new MatchingEngine({
      store: state,
      accounts: state.accounts,
      liquidity: new RealLiquidity(parts),
      identifiers: ids,
      settings: ENGINE_DEFAULTS,
    });
  }

  /**
   * Takes a new order: checks funds and book, fills what is possible and lets the rest wait. `seen` is the latest real
   * trade that it is too late for.
   *
   * @throws {Refusal} for a used client order id, missing funds, a post-only order that would trade, or a market order
   * that the book cannot fill
   */
  place(draft: OrderDraft, seen: number): Order {
    return this.#engine.place(draft, { atMs: this.#parts.nowMs, seen });
  }

  /** Cancels a waiting order; returns whether there was one. */
  cancel(id: string): boolean {
    return this.#engine.cancel(id, this.#parts.nowMs);
  }

  /**
   * Lets real trades fill resting orders at or past their price, up to their volume, and trigger stops. Every order
   * meets every trade once, and none from before its placement.
   *
   * @param trades in any order
   */
  meetTrades(trades: readonly PublicTrade[]): void {
    const { market, state } = this.#parts;
    for (const trade of trades.toSorted((a, b) => a.sequence - b.sequence)) {
      this.#engine.meetTrade(market, this.#counted(trade));
    }
    const newest = newestSequence(trades);
    for (const order of state.live()) {
      if (order.seen < newest) state.save({ ...order, seen: newest });
    }
  }

  /** Lets levels of the real book that cross resting orders fill them, at the price of the resting order. */
  meetBook(): void {
    this.#engine.meetBook(this.#parts.market, this.#parts.nowMs);
  }

  #counted({ price, volume, sequence }: PublicTrade): MarketTrade {
    const { market, nowMs } = this.#parts;
    const ticks = parseDecimal(price).times(`1e${market.priceScale}`);
    const whole = ticks.round(0, Big.roundDown);
    return {
      atMs: nowMs,
      // Below one tick it only matters between which two the price lies.
      price: whole.toNumber() + (ticks.eq(whole) ? 0 : 0.5),
      volume: wholeLots(market, parseDecimal(volume)),
      sequence,
    };
  }
}

/** The highest sequence of some trades; 0 without any. */
export function newestSequence(trades: readonly PublicTrade[]): number {
  return trades.reduce((newest, { sequence }) => Math.max(newest, sequence), 0);
}

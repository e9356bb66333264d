/**
 * The simulated market in time: the matching engine over the model's quotes; the model's trades and own orders in
 * transit happen in chronological order. It reads no clock: every call has the time as an argument, which may not run
 * backwards.
 */

import type { Accounts } from "./engine/accounts.ts";
import type { Identifiers } from "./engine/identifiers.ts";
import type { MarketTrade } from "./engine/liquidity.ts";
import { type Match, MatchingEngine } from "./engine/matching_engine.ts";
import type { EngineSettings } from "./engine/settings.ts";
import type { RestingOrder, Side } from "./engine/matching.ts";
import { isInTransit, type OrderDraft } from "./engine/order_draft.ts";
import { OrderStore } from "./engine/order_store.ts";
import type { Order, UserTrade } from "./engine/orders.ts";
import type { PriceModel, Tape } from "./model/market_data.ts";
import type { TradedMarket } from "./engine/market.ts";
import { ModelLiquidity } from "./model/model_liquidity.ts";

/** Parts of the exchange. */
export interface ExchangeParts {
  readonly accounts: Accounts;
  readonly model: PriceModel;
  /** Where own trades are published. */
  readonly tape: Pick<Tape, "record">;
  readonly identifiers: Identifiers;
  readonly settings: EngineSettings;
  /** The start of time; nothing may happen before. */
  readonly startMs: number;
}

/** Both sides of a book, best price first, own orders after the model's at the same price. */
export interface MergedBook {
  readonly bids: readonly RestingOrder[];
  readonly asks: readonly RestingOrder[];
}

/** The orders of the one user in the simulated markets. */
export class Exchange {
  readonly orders = new OrderStore();
  /** Called for every trade with an own order. */
  matched: ((market: TradedMarket, match: Match) => void) | undefined;
  readonly #model: PriceModel;
  readonly #engine: MatchingEngine;
  #time: number;

  constructor({ model, tape, startMs, ...parts }: ExchangeParts) {
    this.#model = model;
    this.#engine = new MatchingEngine({
      ...parts,
      store: this.orders,
      liquidity: new ModelLiquidity({ model, tape }),
      matched: (market, match) => this.matched?.(market, match),
    });
    this.#time = startMs;
  }

  /** Fills of own orders, oldest first. */
  get trades(): readonly UserTrade[] {
    return this.orders.trades;
  }

  /** Processes everything that is due up to and including `nowMs`. */
  advance(nowMs: number): void {
    while (this.#time < nowMs && this.orders.anyLive) {
      const untilMs = Math.min(nowMs, this.#time + LONGEST_STEP_MS);
      for (const event of this.#events(this.#time, untilMs)) {
        if ("trade" in event) this.#engine.meetTrade(event.market, event.trade);
        else this.#engine.arrive(event.order, event.atMs);
      }
      this.#time = untilMs;
    }
    this.#time = Math.max(this.#time, nowMs);
  }

  /**
   * Takes an order.
   *
   * @throws {Refusal} for a used client order id, missing funds, a post-only order that would trade, or a market order
   * that the book cannot fill
   */
  place(draft: OrderDraft, nowMs: number): Order {
    this.advance(nowMs);
    return this.#engine.place(draft, { atMs: nowMs });
  }

  /** Cancels an order that is on the book or waits for its trigger; returns whether there was one. */
  cancel(id: string, nowMs: number): boolean {
    this.advance(nowMs);
    return this.#engine.cancel(id, nowMs);
  }

  /** The public book of a market. */
  bookAt(market: TradedMarket, atMs: number): MergedBook {
    return {
      bids: this.#engine.book(market, { side: "BUY", atMs }),
      asks: this.#engine.book(market, { side: "SELL", atMs }),
    };
  }

  /** The part of the book that a market order may trade with without moving the price too far. */
  carriedAt(
    market: TradedMarket,
    asked: { readonly side: Side; readonly atMs: number },
  ): readonly RestingOrder[] {
    return this.#engine.carried(market, asked);
  }

  /** The events in `fromMs < t <= untilMs`, in order: the model's trades before own orders of the same millisecond. */
  #events(fromMs: number, untilMs: number): readonly Event[] {
    const live = [...this.orders.live()];
    const markets = new Map(live.map(({ market }) => [market.id, market]));
    const trades = [...markets.values()].flatMap((market) =>
      this.#model.tradesBetween(market.id, fromMs + 1, untilMs + 1).map((trade) => ({
        atMs: trade.timestamp,
        market,
        trade: { atMs: trade.timestamp, price: trade.price, volume: trade.volume },
      }))
    );
    const arrivals = live.filter((order) => isInTransit(order) && (order.dueAt ?? 0) <= untilMs)
      .map((order) => ({ atMs: order.dueAt ?? 0, order }));
    return [...trades, ...arrivals].sort((a, b) => a.atMs - b.atMs);
  }
}

type Event =
  | { readonly atMs: number; readonly market: TradedMarket; readonly trade: MarketTrade }
  | { readonly atMs: number; readonly order: Order };

/** Bounds the number of the model's trades per step, however far the clock jumps. */
const LONGEST_STEP_MS = 60 * 60 * 1000;

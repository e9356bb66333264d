/** The other side of every trade: what the engine asks of the market around the account holder's own orders. */

import type { TradedMarket } from "./market.ts";
import type { RestingOrder, Side } from "./matching.ts";
import type { Order } from "./orders.ts";

/** A trade that the rest of the world made; it may fill own orders at its price and wake stops. */
export interface MarketTrade {
  /** The moment at which own orders meet it, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** In ticks; a price between two ticks may be any number between them. */
  readonly price: number;
  /** Whole lots. */
  readonly volume: number;
  /** Where a trade is shown more than once: its number, by which each order meets it once at most. */
  readonly sequence?: number;
}

/** An own fill on its way to the public: `price` in ticks, `volume` in lots, `isBuy` when the taker bought. */
export interface OwnTrade {
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly isBuy: boolean;
}

/** Lots taken from one of the source's orders. */
export interface Take {
  /** The `id` under which the source quoted it. */
  readonly makerId: string;
  /** The side of the order that is taken from. */
  readonly side: Side;
  readonly price: number;
  readonly lots: number;
  readonly atMs: number;
}

/** A source of liquidity: a model of a market, or a real book. */
export interface Liquidity {
  /** Whether own trades are trades of this market, so that their prices wake stops too. */
  readonly ownTradesArePublic: boolean;
  /** Orders of the rest of the world on one side, best price first; `own` are all live orders of the account holder. */
  quotes(
    market: TradedMarket,
    asked: { readonly side: Side; readonly atMs: number; readonly own: readonly Order[] },
  ): readonly RestingOrder[];
  /** Notes that lots of a quote are gone. */
  take(market: TradedMarket, take: Take): void;
  /** Numbers an own trade, and makes it public where own trades are; both sides of a trade with oneself share it. */
  record(market: TradedMarket, trade: OwnTrade): number;
}

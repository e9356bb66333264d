/** The counterparty of trades: what the engine needs of the market around the account holder's own orders. */

import type { TradedMarket } from "./market.ts";
import type { RestingOrder, Side } from "./matching.ts";
import type { Order } from "./orders.ts";

/** A trade between others; it may fill own orders at its price and trigger stops. */
export interface MarketTrade {
  /** When own orders meet it, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** In ticks; a price between two ticks may be any number between them. */
  readonly price: number;
  /** Whole lots. */
  readonly volume: number;
  /** For a trade that is reported more than once: its number, so that each order meets it at most once. */
  readonly sequence?: number;
}

/** An own fill to be published: `price` in ticks, `volume` in lots, `isBuy` when the taker bought. */
export interface OwnTrade {
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly isBuy: boolean;
}

/** Lots taken from one of the source's orders. */
export interface Take {
  /** The `id` of the source's quote. */
  readonly makerId: string;
  /** The side of the order that was taken from. */
  readonly side: Side;
  readonly price: number;
  readonly lots: number;
  readonly atMs: number;
}

/** A source of liquidity: a model of a market, or a real book. */
export interface Liquidity {
  /** Whether own trades are public trades of this market, so that their prices trigger stops too. */
  readonly ownTradesArePublic: boolean;
  /** Orders of others on one side, best price first; `own` are all live orders of the account holder. */
  quotes(
    market: TradedMarket,
    asked: { readonly side: Side; readonly atMs: number; readonly own: readonly Order[] },
  ): readonly RestingOrder[];
  /** Records that lots of a quote were taken. */
  take(market: TradedMarket, take: Take): void;
  /** Numbers an own trade, and publishes it if own trades are public; both sides of a trade with oneself share it. */
  record(market: TradedMarket, trade: OwnTrade): number;
}

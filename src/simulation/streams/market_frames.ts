/** The messages of the market stream. */

import { costOf } from "../engine/market_units.ts";
import type { TradedMarket, TradingStatus } from "../engine/market.ts";
import type { Side } from "../engine/matching.ts";
import { printDecimal, printPrice, printVolume } from "../api/print_numbers.ts";

/** A published order; `price` in ticks, `volume` in lots. */
export interface PublishedOrder {
  readonly id: string;
  readonly side: Side;
  readonly price: number;
  readonly volume: number;
}

/** One trade, at the maker's price. */
export interface PublishedTrade {
  readonly sequence: number;
  readonly maker: PublishedOrder;
  readonly takerId: string;
  /** In lots. */
  readonly volume: number;
}

/** One update, which may be empty. */
export interface Update {
  readonly sequence: number;
  readonly timestamp: number;
  readonly trades?: readonly PublishedTrade[];
  readonly created?: PublishedOrder;
  readonly deleted?: string;
}

/** The content of a snapshot. */
export interface Shown {
  readonly sequence: number;
  readonly orders: readonly PublishedOrder[];
  readonly status: TradingStatus;
  readonly timestamp: number;
}

/** The empty message that keeps a connection alive. */
export const KEEP_ALIVE = '""';

/** An error, after which the exchange closes. */
export function printError(code: string, text: string): string {
  return JSON.stringify({ error_code: code, error: text });
}

/** The whole book: one entry for each order, best price first. */
export function printSnapshot(market: TradedMarket, { sequence, orders, status, timestamp }: Shown): string {
  const print = (side: Side, direction: number) =>
    orders.filter((order) => order.side === side).sort((a, b) => direction * (a.price - b.price))
      .map(({ id, price, volume }) => ({ id, price: printPrice(market, price), volume: printVolume(market, volume) }));
  return JSON.stringify({
    sequence: String(sequence),
    asks: print("SELL", 1),
    bids: print("BUY", -1),
    status: printStatus(status),
    timestamp,
  });
}

/** One update. */
export function printUpdate(
  market: TradedMarket,
  { sequence, trades = [], created, deleted, timestamp }: Update,
): string {
  return JSON.stringify({
    sequence: String(sequence),
    trade_updates: trades.map(({ sequence, maker, takerId, volume }) => ({
      sequence,
      base: printVolume(market, volume),
      counter: printDecimal(costOf(market, maker.price, volume)),
      maker_order_id: maker.id,
      taker_order_id: takerId,
      order_id: maker.id,
    })),
    create_update: created === undefined ? null : {
      order_id: created.id,
      type: created.side === "BUY" ? "BID" : "ASK",
      price: printPrice(market, created.price),
      volume: printVolume(market, created.volume),
    },
    delete_update: deleted === undefined ? null : { order_id: deleted },
    status_update: null,
    timestamp,
  });
}

/** A market in its launch phase is ACTIVE here, although it accepts only post-only orders. */
function printStatus(status: TradingStatus): string {
  return status === "SUSPENDED" ? "POSTONLY" : status === "UNKNOWN" ? "DISABLED" : "ACTIVE";
}

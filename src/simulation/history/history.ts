/**
 * The account's history, produced by the real engine: everything was deposited, traded, cancelled and left open at
 * earlier times of the same market, so orders, fills, fees, ledgers, public trades and candles agree from the first
 * read.
 */

import Big from "big.js";
import type { OrderDraft } from "../engine/order_draft.ts";
import { awaitPayment, type HistoryParts, MINUTE_MS, moveFunds, openAccounts, withdraw } from "./funding_history.ts";
import { DAY_MS } from "../days.ts";
import { costOf, lotsOf } from "../engine/market_units.ts";
import { findMarket, type SimulatedMarket } from "../model/markets.ts";

/** Opens the accounts and produces their history, oldest event first. */
export function seedHistory(parts: HistoryParts): void {
  openAccounts(parts);
  trade(parts);
  awaitPayment(parts);
}

/** Fills, cancellations, payments and open orders, in chronological order. */
function trade(parts: HistoryParts): void {
  const { exchange, startMs } = parts;
  const script: readonly (readonly [daysAgo: number, act: (atMs: number) => void])[] = [
    [30, (atMs) => spend(parts, { pair: "XBTZAR", amount: "25000", atMs })],
    [24, (atMs) => cross(parts, { pair: "ETHZAR", side: "BUY", volume: "0.4", atMs })],
    [21, (atMs) => moveFunds(parts, atMs)],
    [18, (atMs) => cross(parts, { pair: "XBTZAR", side: "SELL", volume: "0.02", atMs })],
    [
      12,
      (atMs) =>
        rest(parts, { pair: "XBTZAR", side: "BUY", away: 0.08, volume: "0.01", cancelAfterMs: MINUTE_MS, atMs }),
    ],
    [9, (atMs) => takeAndCancel(parts, { pair: "XBTZAR", atMs })],
    [5, (atMs) => spend(parts, { pair: "XBTUSDT", amount: "1500", atMs })],
    [2, (atMs) => cross(parts, { pair: "XRPZAR", side: "SELL", volume: "250", atMs })],
    [1, (atMs) => withdraw(parts, atMs)],
    [0.02, (atMs) => rest(parts, { pair: "XBTZAR", side: "BUY", away: 0.05, volume: "0.01", atMs })],
    [0.015, (atMs) => rest(parts, { pair: "ETHZAR", side: "SELL", away: 0.06, volume: "0.5", atMs })],
    [0.01, (atMs) => rest(parts, { pair: "XBTZAR", side: "SELL", away: -0.07, volume: "0.02", stopped: true, atMs })],
  ];
  for (const [daysAgo, act] of script) act(Math.round(startMs - daysAgo * DAY_MS));
  exchange.advance(startMs);
}

interface Act {
  readonly pair: string;
  readonly atMs: number;
}

/** A market buy; of less than `amount` when the book cannot fill that much. */
function spend(parts: HistoryParts, { pair, amount, atMs }: Act & { readonly amount: string }): void {
  const market = marketOf(pair);
  const offered = parts.exchange.carriedAt(market, { side: "BUY", atMs })
    .reduce((sum, { price, volume }) => sum.plus(costOf(market, price, volume)), new Big(0));
  const budget = offered.lt(amount) ? offered : new Big(amount);
  parts.exchange.place({ ...draft(parts, market), type: "MARKET", timeInForce: "IOC", budget }, atMs);
}

/** A limit order that trades at once, whatever the book contains. */
function cross(
  parts: HistoryParts,
  { pair, side, volume, atMs }: Act & Pick<OrderDraft, "side"> & { volume: string },
): void {
  const market = marketOf(pair);
  const best = bestPrice(parts, { market, side, atMs });
  const limitPrice = Math.round(side === "BUY" ? best * 1.02 : best * 0.98);
  const limitVolume = lotsOf(market, new Big(volume));
  parts.exchange.place({ ...draft(parts, market), side, limitPrice, limitVolume, timeInForce: "IOC" }, atMs);
}

/**
 * A limit order away from the market, by a fraction of the best price on its own side; cancelled later, or left open.
 */
function rest(
  parts: HistoryParts,
  { pair, side, away, volume, cancelAfterMs, stopped, atMs }: Act & Pick<OrderDraft, "side"> & {
    readonly away: number;
    readonly volume: string;
    readonly cancelAfterMs?: number;
    readonly stopped?: boolean;
  },
): void {
  const market = marketOf(pair);
  const best = bestPrice(parts, { market, side: side === "BUY" ? "SELL" : "BUY", atMs });
  const limitPrice = Math.round(side === "BUY" ? best * (1 - away) : best * (1 + away));
  const stop = stopped ? { price: Math.round(limitPrice * 1.01), direction: "BELOW" as const } : null;
  const order = parts.exchange.place({
    ...draft(parts, market),
    side,
    type: stop === null ? "LIMIT" : "STOP_LIMIT",
    limitPrice,
    limitVolume: lotsOf(market, new Big(volume)),
    stop,
    clientOrderId: `seeded-${pair.toLowerCase()}-${side.toLowerCase()}${stopped ? "-stop" : ""}-${atMs}`,
  }, atMs);
  if (cancelAfterMs !== undefined) parts.exchange.cancel(order.id, (order.dueAt ?? atMs) + cancelAfterMs);
}

/** Buys more than the best price offers, and cancels the rest before anybody else sells. */
function takeAndCancel(parts: HistoryParts, { pair, atMs }: Act): void {
  const market = marketOf(pair);
  const limitPrice = bestPrice(parts, { market, side: "BUY", atMs });
  const offered = parts.exchange.bookAt(market, atMs).asks.filter(({ price }) => price === limitPrice)
    .reduce((sum, { volume }) => sum + volume, 0);
  const limitVolume = offered + lotsOf(market, new Big("0.001"));
  const order = parts.exchange.place({ ...draft(parts, market), limitPrice, limitVolume }, atMs);
  // One millisecond after it reached the book, whatever its delay.
  parts.exchange.cancel(order.id, (order.dueAt ?? atMs) + 1);
}

function draft({ accounts }: HistoryParts, market: SimulatedMarket): OrderDraft {
  return {
    clientOrderId: "",
    market,
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    postOnly: false,
    limitPrice: 0,
    limitVolume: 0,
    budget: null,
    stop: null,
    baseAccountId: accounts.defaultIn(market.base)?.id ?? "",
    counterAccountId: accounts.defaultIn(market.counter)?.id ?? "",
  };
}

/** The best price that an order of `side` could trade at. */
function bestPrice(
  { exchange }: HistoryParts,
  { market, side, atMs }: {
    readonly market: SimulatedMarket;
    readonly side: OrderDraft["side"];
    readonly atMs: number;
  },
): number {
  const book = exchange.bookAt(market, atMs);
  const [best] = side === "BUY" ? book.asks : book.bids;
  if (best === undefined) throw new RangeError(`Cannot seed history as the book of ${market.id} is empty`);
  return best.price;
}

function marketOf(pair: string): SimulatedMarket {
  const market = findMarket(pair);
  if (market === undefined) throw new RangeError(`Cannot seed history without the market ${pair}`);
  return market;
}

/** The market and account data that an order is assessed with, read at one time. */

import Big from "big.js";
import type { Exchange } from "../../market/exchange_port.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { BalanceList } from "../../exchange/account_schemas.ts";
import type { Market, OrderBook, Ticker } from "../../exchange/market_schemas.ts";
import type { FeeInfo, Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import type { Funds, OwnOrder } from "./outlook.ts";
import type { Valuation } from "./notional.ts";

/** Everything that is read for one order. */
export interface MarketFacts {
  readonly book: OrderBook;
  readonly fees: FeeInfo;
  /** `null` when an account in one of the market's currencies cannot be read. */
  readonly funds: Funds | null;
  readonly ownOrders: readonly OwnOrder[];
  /** The number of own open orders that are unreadable. */
  readonly unreadOwnOrders: number;
  /** Values amounts at current mid prices, through one market. */
  readonly valuation: Valuation;
}

/** How the facts are read. */
export interface FactsOptions {
  readonly signal: AbortSignal;
  /** An order that will be gone when the new one is placed: its reservation counts as available. */
  readonly replaced?: ExchangeOrder | undefined;
}

/** A short book with fewer levels is the whole book: it has up to a hundred, minus those that paper orders have taken. */
const SURELY_WHOLE = 50;

/** Own orders that are checked for self-trades. */
const MAX_OWN_ORDERS = 1_000;

/**
 * Reads the facts.
 *
 * @throws {ExchangeError}
 */
export async function readFacts(
  exchange: Exchange,
  market: Market,
  { signal, replaced }: FactsOptions,
): Promise<MarketFacts> {
  const { market_id: pair } = market;
  const [book, fees, balances, { orders, left_out: unreadOwnOrders }, { tickers }] = await Promise.all([
    exchange.call("getOrderBook", { pair }, { signal, fresh: true }),
    exchange.call("getFeeInfo", { pair }, { signal }),
    exchange.call("getBalances", {}, { signal }),
    exchange.call("listOrders", { pair, limit: MAX_OWN_ORDERS }, { signal }),
    exchange.call("getTickers", {}, { signal }),
  ]);
  const others = orders.filter(({ order_id }) => order_id !== replaced?.order_id);
  return {
    book,
    fees,
    funds: fundsOf(balances, { market, replaced }),
    ownOrders: others.filter(mayRest).map(toOwnOrder),
    unreadOwnOrders,
    valuation: valuationOf(tickers),
  };
}

/** The whole book, when the short one ends before an order does; the same book when it is already whole. */
export async function readWholeBook(
  exchange: Exchange,
  { market, book }: { market: Market; book: OrderBook },
  signal: AbortSignal,
): Promise<OrderBook> {
  if (Math.max(book.asks.length, book.bids.length) < SURELY_WHOLE) return book;
  return await exchange.call("getOrderBookFull", { pair: market.market_id }, { signal, fresh: true });
}

function fundsOf(
  { balance: rows, left_out }: BalanceList,
  { market, replaced }: { market: Market; replaced: ExchangeOrder | undefined },
): Funds | null {
  const { base_currency, counter_currency } = market;
  const isUnread = (currency: string) => left_out > 0 && !rows.some(({ asset }) => asset === currency);
  if (isUnread(base_currency) || isUnread(counter_currency)) return null;
  // An order is paid from the default account, which the exchange does not name: at best from the fullest one.
  const available = (currency: string) =>
    rows.filter(({ asset }) => asset === currency)
      .map(({ balance, reserved }) => parseDecimal(balance).minus(parseDecimal(reserved)))
      .reduce((most, amount) => amount.gt(most) ? amount : most, new Big(0));
  const base = available(base_currency);
  const counter = available(counter_currency);
  if (replaced === undefined) return { base: formatDecimal(base), counter: formatDecimal(counter) };
  const rest = parseDecimal(replaced.limit_volume).minus(parseDecimal(replaced.base));
  const isBuy = replaced.side === "BUY";
  return {
    base: formatDecimal(isBuy ? base : base.plus(rest)),
    counter: formatDecimal(isBuy ? counter.plus(rest.times(parseDecimal(replaced.limit_price))) : counter),
  };
}

/** Whether others may trade with it: it is on the book, or about to be. A stop-limit order is once it was triggered. */
function mayRest({ type, status, limit_price }: ExchangeOrder): boolean {
  return type !== "MARKET" && !(type === "STOP_LIMIT" && status === "AWAITING") && limit_price !== "0";
}

function toOwnOrder({ order_id, side, limit_price }: ExchangeOrder): OwnOrder {
  return { order_id, side, price: limit_price };
}

/** Through the market of the two currencies in either direction, never too little; an empty side has no mid price. */
function valuationOf(tickers: readonly Ticker[]): Valuation {
  const mids = new Map(
    tickers.filter(({ bid, ask }) => parseDecimal(bid).gt(0) && parseDecimal(ask).gt(0))
      .map(({ pair, bid, ask }) => [pair, parseDecimal(bid).plus(parseDecimal(ask)).div(2)]),
  );
  return ({ currency: from, amount }, to) => {
    if (from === to) return amount;
    const direct = mids.get(`${from}${to}`);
    if (direct !== undefined) return formatDecimal(parseDecimal(amount).times(direct).round(8, Big.roundUp));
    const inverse = mids.get(`${to}${from}`);
    return inverse === undefined ? null : formatDecimal(parseDecimal(amount).div(inverse).round(8, Big.roundUp));
  };
}

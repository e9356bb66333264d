/** Values balances in one currency, at the present mid prices. */

import Big from "big.js";
import { parseDecimal } from "../money/decimals.ts";
import type { Balance } from "../exchange/account_schemas.ts";
import type { Market, Ticker } from "../exchange/market_schemas.ts";
import { decimalsOf, kindOf } from "../money/currencies.ts";
import { middleOf, sumOf } from "../money/rounding.ts";

/** All accounts of one currency, summed. */
export interface Holding {
  readonly currency: string;
  readonly balance: Big;
  readonly reserved: Big;
  readonly unconfirmed: Big;
  readonly accounts: number;
  readonly isEmpty: boolean;
}

/** The price of one unit, and the value of all of them. */
export interface Worth {
  readonly price: Big;
  readonly value: Big;
}

/** The longest chain of markets between two currencies. */
const MAX_STEPS = 3;

/** Sums accounts by currency, in order of appearance. */
export function sumByCurrency(rows: readonly Balance[]): Holding[] {
  return [...Map.groupBy(rows, (row) => row.asset)].map(([currency, group]) => {
    const balance = sumOf(group.map((row) => parseDecimal(row.balance)));
    const reserved = sumOf(group.map((row) => parseDecimal(row.reserved)));
    const unconfirmed = sumOf(group.map((row) => parseDecimal(row.unconfirmed)));
    const isEmpty = [balance, reserved, unconfirmed].every((amount) => amount.eq(0));
    return { currency, balance, reserved, unconfirmed, accounts: group.length, isEmpty };
  });
}

/** The prices that a valuation uses. */
export interface Prices {
  readonly markets: readonly Market[];
  readonly tickers: readonly Ticker[];
}

/** The default currency of a valuation: the first fiat currency held that is traded, else USDT. */
export function homeCurrency(held: readonly Holding[], markets: readonly Market[]): string {
  const isTradedFiat = (code: string): boolean =>
    kindOf(code) === "fiat" && markets.some((market) => market.counter_currency === code);
  return held.find(({ currency }) => isTradedFiat(currency))?.currency ?? "USDT";
}

/** Values holdings in a currency; `null` for those that no chain of at most three markets connects to it. */
export function valueIn(currency: string, { markets, tickers }: Prices): (holding: Holding) => Worth | null {
  const prices = pricesIn(currency, ratesOf(markets, tickers));
  const places = decimalsOf(currency);
  return (holding) => {
    const price = prices.get(holding.currency);
    return price === undefined ? null : { price: price.round(10), value: holding.balance.times(price).round(places) };
  };
}

interface Rate {
  readonly from: string;
  readonly to: string;
  readonly price: Big;
}

/** Every market with two-sided prices, in both directions. */
function ratesOf(markets: readonly Market[], tickers: readonly Ticker[]): Rate[] {
  const byPair = new Map(tickers.map((ticker) => [ticker.pair, ticker]));
  return markets.flatMap((market) => {
    const ticker = byPair.get(market.market_id);
    const price = ticker && priceOf(ticker);
    if (price === undefined) return [];
    const { base_currency: base, counter_currency: counter } = market;
    return [{ from: base, to: counter, price }, { from: counter, to: base, price: new Big(1).div(price) }];
  });
}

function priceOf(ticker: Ticker): Big | undefined {
  const bid = parseDecimal(ticker.bid);
  const ask = parseDecimal(ticker.ask);
  if (bid.gt(0) && ask.gt(0)) return middleOf(bid, ask);
  const last = parseDecimal(ticker.last_trade);
  return last.gt(0) ? last : undefined;
}

/** Prices of all currencies in `currency` by the shortest chain of markets. */
function pricesIn(currency: string, rates: readonly Rate[]): Map<string, Big> {
  const prices = new Map([[currency, new Big(1)]]);
  let reached = [currency];
  for (let step = 0; step < MAX_STEPS && reached.length > 0; step++) {
    const next = rates.filter((rate) => reached.includes(rate.to) && !prices.has(rate.from));
    for (const rate of next) {
      const via = prices.get(rate.to);
      if (via !== undefined && !prices.has(rate.from)) prices.set(rate.from, rate.price.times(via));
    }
    reached = [...new Set(next.map((rate) => rate.from))];
  }
  return prices;
}

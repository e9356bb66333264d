/** What balances are worth in one currency, at the mid prices of the moment. */

import Big from "big.js";
import { parseDecimal } from "../money/decimals.ts";
import type { Balance, Market, Ticker } from "../exchange/schemas.ts";
import { decimalsOf, kindOf } from "../money/currencies.ts";
import type { ToolContext } from "../tools/tool.ts";

/** All accounts of one currency together. */
export interface Holding {
  readonly currency: string;
  readonly balance: Big;
  readonly reserved: Big;
  readonly unconfirmed: Big;
  readonly accounts: number;
  readonly isEmpty: boolean;
}

/** A price of one unit and the value of all of them. */
export interface Worth {
  readonly price: Big;
  readonly value: Big;
}

/** Values holdings in one currency. */
export interface Valuation {
  readonly currency: string;
  /** `null` where no chain of at most three markets leads to the currency. */
  valueOf(holding: Holding): Worth | null;
  /** A sum, rounded like the values. */
  total(values: readonly Big[]): Big;
}

/** Longest chain of markets between two currencies. */
const MAX_STEPS = 3;

/** Sums accounts by currency, in order of appearance. */
export function sumByCurrency(rows: readonly Balance[]): Holding[] {
  return [...Map.groupBy(rows, (row) => row.asset)].map(([currency, group]) => {
    const balance = sum(group, "balance");
    const reserved = sum(group, "reserved");
    const unconfirmed = sum(group, "unconfirmed");
    const isEmpty = [balance, reserved, unconfirmed].every((amount) => amount.eq(0));
    return { currency, balance, reserved, unconfirmed, accounts: group.length, isEmpty };
  });
}

/** Reads current prices; without `currency` it values in the first fiat currency held that is traded, else in USDT. */
export async function openValuation(
  { exchange, markets, signal }: ToolContext,
  options: { held: readonly Holding[]; currency?: string },
): Promise<Valuation> {
  const [list, { tickers }] = await Promise.all([
    markets.list({ signal }),
    exchange.call("getTickers", {}, { signal }),
  ]);
  const currency = options.currency === undefined
    ? options.held.find((holding) => isTradedFiat(holding.currency, list))?.currency ?? "USDT"
    : await markets.resolveCurrency(options.currency, { signal });
  const prices = pricesIn(currency, ratesOf(list, tickers));
  const places = decimalsOf(currency);
  return {
    currency,
    valueOf(holding) {
      const price = prices.get(holding.currency);
      return price === undefined ? null : { price: price.round(10), value: holding.balance.times(price).round(places) };
    },
    total: (values) => values.reduce((total, value) => total.plus(value), new Big(0)),
  };
}

function isTradedFiat(currency: string, markets: readonly Market[]): boolean {
  return kindOf(currency) === "fiat" && markets.some((market) => market.counter_currency === currency);
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
  if (bid.gt(0) && ask.gt(0)) return bid.plus(ask).times("0.5");
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

function sum(rows: readonly Balance[], field: "balance" | "reserved" | "unconfirmed"): Big {
  return rows.reduce((total, row) => total.plus(row[field]), new Big(0));
}

import { AssetValues } from "./asset_values.ts";
import type { Book, PriceModel } from "./market_data.ts";
import { MARKETS, type SimulatedMarket } from "./markets.ts";
import { BookSide } from "./book_side.ts";
import { MarketTouch } from "./touch.ts";
import { TradeFlow } from "./trade_flow.ts";

/**
 * A model of quotes and trades, drawn from a seed. The results depend only on seed, market and time; what it remembers
 * between calls, one book per market, only saves work.
 *
 * Its methods throw a `RangeError` for an unknown market.
 *
 * @default markets all of `MARKETS`
 */
export function createPriceModel(options: { seed: number; markets?: readonly SimulatedMarket[] }): PriceModel {
  const { seed, markets = MARKETS } = options;
  const values = new AssetValues(seed);
  const quoted = new Map(markets.map((market) => [market.id, new QuotedMarket(market, { seed, values })]));

  function find(marketId: string): QuotedMarket {
    const found = quoted.get(marketId);
    if (!found) throw new RangeError(`Cannot quote market as it is not listed: current id is "${marketId}"`);
    return found;
  }

  return {
    bookAt: (marketId, atMs) => find(marketId).bookAt(atMs),
    tradesBetween: (marketId, fromMs, toMs) => find(marketId).flow.between(fromMs, toMs),
    countBetween: (marketId, fromMs, toMs) => find(marketId).flow.countBetween(fromMs, toMs),
  };
}

class QuotedMarket {
  readonly flow: TradeFlow;
  readonly #bids: BookSide;
  readonly #asks: BookSide;
  #second = NaN;
  #book: Book = { bids: [], asks: [] };

  constructor(market: SimulatedMarket, options: { seed: number; values: AssetValues }) {
    const { seed } = options;
    const touch = new MarketTouch(market, options);
    this.#bids = new BookSide("bid", { seed, market, touch });
    this.#asks = new BookSide("ask", { seed, market, touch });
    this.flow = new TradeFlow(market, { seed, touch });
  }

  bookAt(atMs: number): Book {
    const second = Math.floor(atMs / 1_000);
    if (second !== this.#second) {
      this.#book = { bids: this.#bids.at(second), asks: this.#asks.at(second) };
      this.#second = second;
    }
    return this.#book;
  }
}

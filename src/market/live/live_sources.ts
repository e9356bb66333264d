/** Serves market data from memory while its stream is live; otherwise asks the exchange. */

import { endpoints } from "../../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../../exchange/endpoints.ts";
import { ExchangeError, type ExchangeErrorCode } from "../../exchange/errors.ts";
import { cannot } from "../../exchange/refusals.ts";
import { Patience, type PatienceOptions } from "../../timing/patience.ts";
import type { Reading } from "../reading.ts";
import type { MarketSource, MarketSources } from "../shared_reads.ts";
import type { LiveMarket } from "./live_market.ts";
import type { LiveMarkets } from "./live_markets.ts";

/** Errors that mean the exchange cannot be read now; the last known data may be used instead. */
const OUTAGE: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_NETWORK",
  "ERR_TIMEOUT",
  "ERR_UNAVAILABLE",
  "ERR_RATE_LIMITED",
  "ERR_BUDGET_EXHAUSTED",
  "ERR_ANSWER_INVALID",
]);

/** The most pairs of one request whose tickers are composed from streams. */
const MAX_TICKERS = 20;

/** The sources of {@linkcode SharedReads} for live markets. */
export function liveSources(markets: LiveMarkets, clock: PatienceOptions): MarketSources {
  const patience = new Patience(clock);
  return {
    bookAtHand: (pair) => markets.read(pair)?.orderBook("getOrderBook"),
    getOrderBook: bookSource("getOrderBook", { markets, patience }),
    getOrderBookFull: bookSource("getOrderBookFull", { markets, patience }),
    getTicker: async (params, ask, how) => {
      const market = markets.read(params.pair);
      return market?.ticker() ?? await askOr("getTicker", { ...params, market, patience, how }, async () => {
        const reading = await ask(params);
        market?.noteTicker(reading);
        return market?.ticker() ?? reading;
      });
    },
    getTickers: async (params, ask) => tickersOf(markets, params) ?? await ask(params),
    listTrades: async (params, ask, how) => {
      // With a `since`, the exchange returns other trades than the latest.
      if (params.since !== undefined) return await ask(params);
      const market = markets.read(params.pair);
      return market?.trades() ?? await askOr("listTrades", { ...params, market, patience, how }, async () => {
        const reading = await ask(params);
        market?.noteTrades(reading);
        return market?.trades() ?? reading;
      });
    },
    getCandles: candleSource(markets),
  };
}

function bookSource(
  name: "getOrderBook" | "getOrderBookFull",
  { markets, patience }: { readonly markets: LiveMarkets; readonly patience: Patience },
): (
  params: { readonly pair: string },
  ask: (params: { readonly pair: string }) => Promise<Reading<OrderBook>>,
  how: Asked["how"],
) => Promise<Reading<OrderBook>> {
  return async (params, ask, how) => {
    const market = markets.read(params.pair);
    return market?.orderBook(name) ?? await askOr(name, { ...params, market, patience, how }, () => ask(params));
  };
}

/** Who asks for which market's data. */
interface Asked {
  readonly pair: string;
  readonly market: LiveMarket | undefined;
  readonly patience: Patience;
  readonly how: { readonly showsAge: boolean };
}

/**
 * Asks the exchange; when it cannot be read, returns the last known data together with the error. Callers that show the age
 * of their data get the last known data as soon as the exchange is slow.
 */
async function askOr<Name extends "getTicker" | "getOrderBook" | "getOrderBookFull" | "listTrades">(
  name: Name,
  { pair, market, patience, how }: Asked,
  ask: () => Promise<Reading<AnswerOf<Name>>>,
): Promise<Reading<AnswerOf<Name>>> {
  const instead = (error: ExchangeError): Reading<AnswerOf<Name>> | undefined => {
    const last = market?.lapsed(name);
    return last && { ...last, answer: last.answer as AnswerOf<Name>, lapsed: error };
  };
  try {
    if (!how.showsAge || market?.lapsed(name) === undefined) return await ask();
    const answer = ask();
    return await patience.wait(`${name} ${pair}`, answer) ?? instead(overdue(name)) ?? await answer;
  } catch (error) {
    if (!(error instanceof ExchangeError) || !OUTAGE.has(error.code)) throw error;
    const last = instead(error);
    if (last === undefined) throw error;
    return last;
  }
}

function overdue(name: EndpointName): ExchangeError {
  return new ExchangeError(cannot(endpoints[name], "the exchange is slow to answer"), {
    code: "ERR_TIMEOUT",
    retryable: true,
  });
}

/** The tickers of some pairs when all are live. Opens no stream, as a client that compares markets reads many. */
function tickersOf(
  markets: LiveMarkets,
  { pair }: ParamsOf<"getTickers">,
): Reading<AnswerOf<"getTickers">> | undefined {
  if (pair === undefined || pair.length === 0 || pair.length > MAX_TICKERS) return undefined;
  const readings = pair.flatMap((each) => markets.peek(each)?.ticker() ?? []);
  if (readings.length < pair.length) return undefined;
  return {
    answer: { tickers: readings.map(({ answer }) => answer), left_out: 0, was_unsorted: false },
    source: "stream",
    get asOfMs() {
      return Math.min(...readings.map(({ asOfMs }) => asOfMs));
    },
    get staleAtMs() {
      return Math.min(...readings.map(({ staleAtMs }) => staleAtMs));
    },
  };
}

type OrderBook = AnswerOf<"getOrderBook">;
type CandlePage = AnswerOf<"getCandles">;

/** Closed candles from the exchange, with the current one computed from trades. */
function candleSource(markets: LiveMarkets): MarketSource<"getCandles"> {
  const closed = new Map<string, CandlePage["candles"]>();
  return async (params, ask) => {
    const market = markets.read(params.pair);
    const key = `getCandles ${params.pair} ${params.duration} ${params.since}`;
    const known = closed.get(key);
    const running = known && market?.candles(params, known, key);
    if (running !== undefined) return running;
    const reading = await ask(params);
    closed.delete(key);
    const { candles, left_out, was_unsorted } = reading.answer;
    if (market !== undefined && left_out === 0 && !was_unsorted && candles.length > 1) {
      closed.set(key, candles.slice(0, -1));
      const [oldest] = closed.keys();
      if (closed.size > MAX_PERIODS && oldest !== undefined) closed.delete(oldest);
    }
    return reading;
  };
}

/** The most periods of candles that are kept. */
const MAX_PERIODS = 200;

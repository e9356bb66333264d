/**
 * The market as one piece of work reads it, with a record of what it read: the result is valid while all of that may be
 * reused. Reads of account data, and of anything else that differs between identities, are refused.
 */

import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { Exchange, ExchangeCallOptions, ReadingExchange } from "./exchange_port.ts";
import type { Market } from "../exchange/market_schemas.ts";
import type { MarketLookup, Markets } from "./pairs.ts";
import type { Reading } from "./reading.ts";
import { isMarketData } from "./shared_reads.ts";

/** How long a reading of the clock is valid, like all other market data. */
const CLOCK_MS = 1_000;

/** Sources of the market's data. */
export interface MarketParts {
  readonly exchange: ReadingExchange;
  readonly markets: Markets;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** The origin of the market data that was read. */
export interface Provenance {
  /**
   * `stream`: from memory, as of the latest update; `rest`: the exchange's answer; `cache`: an old answer, as there is
   * no newer one.
   */
  readonly source: "stream" | "rest" | "cache";
  /** When its oldest part was last confirmed; monotonic milliseconds. */
  readonly asOfMs: number;
}

/** The part of a market that is in memory. */
export interface MarketAtHand {
  /** The market that a text names. */
  readonly market: (text: string) => Market | undefined;
  readonly orderBook: (pair: string) => AnswerOf<"getOrderBook"> | undefined;
}

/** A market that records what is read of it. */
export class RecordedMarket {
  readonly #parts: MarketParts;
  readonly #read: Pick<Reading, "staleAtMs">[] = [];
  readonly #readings: Reading[] = [];
  readonly exchange: Exchange;
  readonly markets: MarketLookup;
  readonly atHand: MarketAtHand;

  constructor(parts: MarketParts) {
    this.#parts = parts;
    this.exchange = {
      hasCredentials: parts.exchange.hasCredentials,
      status: () => refuse("the state of the exchange's client"),
      reserve: () => refuse("a place in the call budget"),
      call: (name, params, options) => this.#call(name, params, options),
    };
    const { markets } = parts;
    const note = <Value>(value: Value): Value => {
      this.#read.push({ staleAtMs: markets.staleAtMs });
      return value;
    };
    this.markets = {
      list: async (options) => note(await markets.list(options)),
      resolve: async (text, options) => note(await markets.resolve(text, options)),
      resolveCurrency: async (text, options) => note(await markets.resolveCurrency(text, options)),
      get leftOut() {
        return markets.leftOut;
      },
    };
    this.atHand = {
      market: (text) => note(markets.peek(text)),
      orderBook: (pair) => {
        const reading = parts.exchange.bookAtHand?.(pair);
        return reading && this.#note(reading);
      },
    };
  }

  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number {
    this.#read.push({ staleAtMs: this.#parts.monotonic() + CLOCK_MS });
    return this.#parts.now();
  }

  /** Monotonic milliseconds. */
  monotonic(): number {
    return this.#parts.monotonic();
  }

  /** Whether everything that was read may still be reused; `false` when nothing was read. */
  isCurrent(nowMs: number): boolean {
    for (const { staleAtMs } of this.#read) if (nowMs >= staleAtMs) return false;
    return this.#read.length > 0;
  }

  /** The number of answers read, from the exchange and from streams; the list of markets does not count. */
  get readCounts(): { readonly exchange: number; readonly stream: number } {
    const stream = this.#readings.filter(({ source }) => source === "stream").length;
    return { exchange: this.#readings.length - stream, stream };
  }

  /** The origin of the prices, books, trades and candles; if none were read, of the list of markets. */
  get provenance(): Provenance {
    const readings = this.#readings;
    const { markets } = this.#parts;
    if (readings.length === 0) return { source: markets.isLapsed ? "cache" : "rest", asOfMs: markets.asOfMs };
    // Read for every answer that is shared, so without functions of its own.
    let [asOfMs, isLapsed, isStreamed] = [Infinity, false, true];
    for (const reading of readings) {
      asOfMs = Math.min(asOfMs, reading.asOfMs);
      if (reading.lapsed !== undefined) isLapsed = true;
      if (reading.source !== "stream") isStreamed = false;
    }
    return { source: isLapsed ? "cache" : isStreamed ? "stream" : "rest", asOfMs };
  }

  async #call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<AnswerOf<Name>> {
    if (!isMarketData(name)) return refuse(endpoints[name].title);
    const reading = await this.#parts.exchange.read(name, params, { ...options, showsAge: true });
    return this.#note(reading);
  }

  #note<Answer>(reading: Reading<Answer>): Answer {
    this.#read.push(reading);
    this.#readings.push(reading);
    return reading.answer;
  }
}

function refuse(what: string): never {
  throw new TypeError(`Cannot share what is made of ${JSON.stringify(what)}: not everybody gets it alike`);
}

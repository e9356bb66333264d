/**
 * The market as one piece of work reads it, with a record of what was read: what was made of that holds as long as all of
 * it may be passed on. What is an account's, and everything else that not everybody gets alike, is refused.
 */

import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { Exchange, ExchangeCallOptions, ReadingExchange } from "./exchange_port.ts";
import type { MarketLookup, Markets } from "./pairs.ts";
import type { Reading } from "./reading.ts";
import { isMarketData } from "./shared_reads.ts";

/** How long a look at the clock is good for, as everything else of the market is. */
const CLOCK_MS = 1_000;

/** Where the market is read. */
export interface MarketParts {
  readonly exchange: ReadingExchange;
  readonly markets: Markets;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Where what was read of the market came from. */
export interface Provenance {
  /** `stream`: from memory, as of the newest update; `rest`: the exchange's answer; `cache`: an old answer, as there is no newer. */
  readonly source: "stream" | "rest" | "cache";
  /** When the oldest part of it was last known to be true; monotonic milliseconds. */
  readonly asOfMs: number;
}

/** A market that records what is read of it. */
export class RecordedMarket {
  readonly #parts: MarketParts;
  readonly #read: Pick<Reading, "staleAtMs">[] = [];
  readonly #readings: Reading[] = [];
  readonly exchange: Exchange;
  readonly markets: MarketLookup;

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
  }

  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number {
    this.#read.push({ staleAtMs: this.#parts.monotonic() + CLOCK_MS });
    return this.#parts.now();
  }

  /** Whether everything that was read may still be passed on; never where nothing was. */
  isCurrent(nowMs: number): boolean {
    for (const { staleAtMs } of this.#read) if (nowMs >= staleAtMs) return false;
    return this.#read.length > 0;
  }

  /** How many answers of the exchange, and of streams, this was made of; the list of markets is none. */
  get readCounts(): { readonly exchange: number; readonly stream: number } {
    const stream = this.#readings.filter(({ source }) => source === "stream").length;
    return { exchange: this.#readings.length - stream, stream };
  }

  /** Where prices, books, trades and candles came from; where none were read, the list of markets. */
  get provenance(): Provenance {
    const readings = this.#readings;
    const { markets } = this.#parts;
    if (readings.length === 0) return { source: markets.isLapsed ? "cache" : "rest", asOfMs: markets.asOfMs };
    const asOfMs = readings.reduce((oldest, { asOfMs }) => Math.min(oldest, asOfMs), Infinity);
    if (readings.some(({ lapsed }) => lapsed !== undefined)) return { source: "cache", asOfMs };
    return { source: readings.every(({ source }) => source === "stream") ? "stream" : "rest", asOfMs };
  }

  async #call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<AnswerOf<Name>> {
    if (!isMarketData(name)) return refuse(endpoints[name].title);
    const reading = await this.#parts.exchange.read(name, params, options);
    this.#read.push(reading);
    this.#readings.push(reading);
    return reading.answer;
  }
}

function refuse(what: string): never {
  throw new TypeError(`Cannot share what is made of ${JSON.stringify(what)}: not everybody gets it alike`);
}

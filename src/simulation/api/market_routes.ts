/**
 * Endpoints of public market data. The real service allows them to be a second old, so answers are cached for a second.
 */

import { CANDLE_DURATIONS_S } from "../model/candles.ts";
import { DAY_MS } from "../days.ts";
import type { TradingStatus } from "../engine/market.ts";
import type { RestingOrder } from "../engine/matching.ts";
import { findMarket, MARKETS, type SimulatedMarket } from "../model/markets.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { printList, printPrice, printVolume } from "./print_numbers.ts";
import { Refusal } from "../engine/refusal.ts";
import { type Call, RenderedJson, type Route } from "./route.ts";
import type { Settings } from "../options.ts";
import type { Simulation } from "../simulation.ts";

const MAX_TRADES = 100;
const MAX_CANDLES = 1000;
const TOP_LEVELS = 100;

/** Every endpoint of this file. */
export function marketRoutes(simulation: Simulation): readonly Route[] {
  const get = { method: "GET", permission: null } as const;
  const tickers = new SecondCache(simulation, printTicker);
  const tops = new SecondCache(
    simulation,
    (market, call) => printBook(simulation, { market, call, levels: TOP_LEVELS }),
  );
  const books = new SecondCache(simulation, (market, call) => printBook(simulation, { market, call, levels: null }));
  const trades = new SecondCache(simulation, printTrades);
  return [
    {
      ...get,
      path: "/api/1/ticker",
      run: (call) => new RenderedJson(tickers.read(readMarket(call), call)),
    },
    {
      ...get,
      path: "/api/1/tickers",
      run: (call) => {
        const texts = selectMarkets(call.parameters).map((market) => tickers.read(market, call));
        return new RenderedJson(`{"tickers":[${texts.join(",")}]}`);
      },
    },
    {
      ...get,
      path: "/api/1/orderbook_top",
      run: (call) => new RenderedJson(tops.read(readMarket(call), call)),
    },
    {
      ...get,
      path: "/api/1/orderbook",
      run: (call) => new RenderedJson(books.read(readMarket(call), call)),
    },
    {
      ...get,
      path: "/api/1/trades",
      run: (call) => {
        const market = readMarket(call);
        if (call.parameters.optionalInteger("since") !== undefined) {
          simulation.exchange.advance(call.nowMs);
          return new RenderedJson(printTrades(market, call, simulation));
        }
        return new RenderedJson(trades.read(market, call));
      },
    },
    {
      ...get,
      path: "/api/exchange/1/markets",
      run: ({ parameters }) => ({
        markets: selectMarkets(parameters).map((market) => printMarket(market, statusOf(market, simulation.settings))),
      }),
    },
    {
      method: "GET",
      path: "/api/exchange/1/candles",
      permission: 0,
      run: (call) => candles(simulation, call),
    },
  ];
}

/** The trading status of a market: the listed one, unless the settings override it. */
export function statusOf(market: SimulatedMarket, settings: Pick<Settings, "marketStatus">): TradingStatus {
  return settings.marketStatus[market.id] ?? market.status;
}

type Printer = (market: SimulatedMarket, call: Call, simulation: Simulation) => string;

/** One serialized answer per market, valid within its second unless own orders change the market. */
class SecondCache {
  readonly #simulation: Simulation;
  readonly #print: Printer;
  readonly #kept = new Map<string, { readonly second: number; readonly changes: number; readonly text: string }>();

  constructor(simulation: Simulation, print: Printer) {
    this.#simulation = simulation;
    this.#print = print;
  }

  read(market: SimulatedMarket, call: Call): string {
    const { exchange } = this.#simulation;
    const second = Math.floor(call.atMs / 1000);
    const kept = this.#kept.get(market.id);
    if (kept?.second === second && kept.changes === exchange.orders.changesIn(market.id)) return kept.text;
    exchange.advance(call.nowMs);
    const text = this.#print(market, call, this.#simulation);
    this.#kept.set(market.id, { second, changes: exchange.orders.changesIn(market.id), text });
    return text;
  }
}

function readMarket({ parameters }: Call): SimulatedMarket {
  const market = findMarket(parameters.text("pair") ?? "");
  if (market === undefined) throw new Refusal("ErrMarketUnavailable");
  return market;
}

/** The markets in a repeated `pair`; all without one. Unknown pairs are silently omitted. */
function selectMarkets(parameters: Parameters): readonly SimulatedMarket[] {
  const pairs = parameters.list("pair");
  return pairs.length === 0 ? MARKETS : MARKETS.filter(({ id }) => pairs.includes(id));
}

function printTicker(market: SimulatedMarket, { atMs }: Call, { exchange, tape, settings }: Simulation): string {
  const { bids, asks } = exchange.bookAt(market, atMs);
  const status = statusOf(market, settings);
  return JSON.stringify({
    pair: market.id,
    timestamp: Math.floor(atMs / 1000) * 1000,
    bid: printPrice(market, bids[0]?.price ?? 0),
    ask: printPrice(market, asks[0]?.price ?? 0),
    last_trade: printPrice(market, tape.lastTrade(market.id, atMs).price),
    rolling_24_hour_volume: printVolume(market, tape.volume24h(market.id, atMs)),
    status: status === "ACTIVE" ? "ACTIVE" : status === "UNKNOWN" ? "DISABLED" : "POSTONLY",
  });
}

/** A book: the best price levels, each summed, or every single order when `levels` is `null`. */
function printBook(
  { exchange, settings }: Simulation,
  { market, call, levels }: { readonly market: SimulatedMarket; readonly call: Call; readonly levels: number | null },
): string {
  const places = settings.orderBookDecimals === 0 ? 2 : settings.orderBookDecimals;
  const { bids, asks } = exchange.bookAt(market, call.atMs);
  const print = (orders: readonly RestingOrder[]) =>
    (levels === null ? orders : aggregate(orders).slice(0, levels)).map(({ price, volume }) => ({
      price: printPrice(market, price, places),
      volume: printVolume(market, volume, places),
    }));
  return JSON.stringify({ timestamp: Math.floor(call.atMs / 1000) * 1000, asks: print(asks), bids: print(bids) });
}

/** Sums up adjacent orders of equal price. */
function aggregate(
  orders: readonly RestingOrder[],
): readonly { readonly price: number; readonly volume: number }[] {
  const levels: { price: number; volume: number }[] = [];
  for (const { price, volume } of orders) {
    const last = levels.at(-1);
    if (last?.price === price) last.volume += volume;
    else levels.push({ price, volume });
  }
  return levels;
}

function printTrades(market: SimulatedMarket, { parameters, atMs }: Call, { tape, settings }: Simulation): string {
  const since = parameters.optionalInteger("since");
  if (since !== undefined && since < atMs - DAY_MS) throw invalidArgument("since");
  const isOldest = since !== undefined && settings.tradesSince === "oldest";
  const limit = isOldest ? Infinity : MAX_TRADES;
  const found = tape.trades(market.id, { fromMs: since ?? atMs - DAY_MS, toMs: atMs, limit });
  const trades = found.slice(-MAX_TRADES).map(({ sequence, timestamp, price, volume, isBuy }) => ({
    sequence,
    timestamp,
    price: printPrice(market, price),
    volume: printVolume(market, volume),
    is_buy: isBuy,
  }));
  return JSON.stringify({ trades: printList(trades, settings) });
}

function printMarket(market: SimulatedMarket, status: string): object {
  return {
    market_id: market.id,
    trading_status: status,
    base_currency: market.base,
    counter_currency: market.counter,
    min_volume: market.minVolume,
    max_volume: market.maxVolume,
    volume_scale: market.volumeScale,
    min_price: market.minPrice,
    max_price: market.maxPrice,
    price_scale: market.priceScale,
    fee_scale: market.feeScale,
  };
}

function candles({ exchange, tape, settings }: Simulation, call: Call): object {
  const { parameters, nowMs, atMs } = call;
  const market = readMarket(call);
  const duration = parameters.integer("duration");
  if (duration === undefined || !CANDLE_DURATIONS_S.includes(duration)) throw invalidArgument("duration");
  const sinceMs = parameters.integer("since");
  if (sinceMs === undefined) throw invalidArgument("since");
  exchange.advance(nowMs);
  const durationMs = duration * 1000;
  const found = tape.candles(market.id, { durationMs, sinceMs, atMs, limit: MAX_CANDLES })
    .filter(({ timestamp }) => settings.runningCandle || timestamp + durationMs <= atMs);
  return {
    candles: printList(
      found.map(({ timestamp, open, high, low, close, volume }) => ({
        timestamp,
        open: printPrice(market, open),
        close: printPrice(market, close),
        high: printPrice(market, high),
        low: printPrice(market, low),
        volume: printVolume(market, volume),
      })),
      settings,
    ),
    pair: market.id,
    duration,
  };
}

import Big from "big.js";
import { publishedFees } from "../../money/published_fees.ts";
import type { TradedMarket, TradingStatus } from "../engine/market.ts";
import { ASSETS } from "./assets.ts";

/** One market of the simulated exchange, with the parameters of its model. */
export interface SimulatedMarket extends TradedMarket {
  /** The price at the end of September 2026, which the model passes through. */
  readonly typicalPrice: string;
  /** The activity of the market; it shapes the model, never an account's money. */
  readonly activity: MarketActivity;
}

/** The activity of a market. */
export interface MarketActivity {
  /** Mean spread between best bid and best ask, in hundredths of a percent of the price. */
  readonly spreadBps: number;
  /** Mean number of trades each minute. */
  readonly tradesPerMinute: number;
  /** Mean total volume per day, in base. */
  readonly dailyVolume: number;
  /** Resting orders per side. */
  readonly ordersPerSide: number;
}

/**
 * Scales (volume, price), limits (volume, price) and activity (bps, trades per minute, base per day, orders) of a
 * market.
 */
interface Row {
  readonly scales: readonly [volume: number, price: number];
  readonly volumes: readonly [min: string, max: string];
  readonly prices: readonly [min: string, max: string];
  readonly habits: readonly [spreadBps: number, tradesPerMinute: number, dailyVolume: number, ordersPerSide: number];
  readonly status?: TradingStatus;
}

/** Every market, in the exchange's order. */
export const MARKETS: readonly SimulatedMarket[] = [
  market("XBT", "ZAR", {
    scales: [6, 0],
    volumes: ["0.0001", "100.00"],
    prices: ["10.00", "100000000.00"],
    habits: [14, 4, 31, 120],
  }),
  market("ETH", "ZAR", {
    scales: [6, 0],
    volumes: ["0.0005", "1000.00"],
    prices: ["10.00", "10000000.00"],
    habits: [18, 2, 310, 90],
  }),
  market("XRP", "ZAR", {
    scales: [0, 2],
    volumes: ["1.00", "1000000.00"],
    prices: ["0.01", "1000.00"],
    habits: [16, 2.5, 410_000, 90],
  }),
  market("SOL", "ZAR", {
    scales: [4, 2],
    volumes: ["0.01", "10000.00"],
    prices: ["1.00", "1000000.00"],
    habits: [20, 1.2, 2_400, 70],
  }),
  market("LTC", "ZAR", {
    scales: [4, 2],
    volumes: ["0.01", "10000.00"],
    prices: ["1.00", "1000000.00"],
    habits: [35, 0.3, 210, 50],
  }),
  market("BCH", "ZAR", {
    scales: [4, 2],
    volumes: ["0.01", "10000.00"],
    prices: ["1.00", "1000000.00"],
    habits: [45, 0.2, 60, 60],
  }),
  market("USDT", "ZAR", {
    scales: [2, 2],
    volumes: ["1.00", "1000000.00"],
    prices: ["1.00", "1000.00"],
    habits: [8, 3, 950_000, 80],
  }),
  market("USDC", "ZAR", {
    scales: [2, 2],
    volumes: ["1.00", "1000000.00"],
    prices: ["1.00", "1000.00"],
    habits: [10, 1.2, 240_000, 60],
  }),
  market("USDT", "ZARU", {
    scales: [2, 2],
    volumes: ["1.00", "1000000.00"],
    prices: ["1.00", "1000.00"],
    habits: [14, 0.2, 12_000, 35],
  }),
  market("XBT", "USDT", {
    scales: [4, 4],
    volumes: ["0.0005", "100.00"],
    prices: ["100.00", "1000000.00"],
    habits: [7, 2.5, 8.5, 110],
  }),
  market("ETH", "USDT", {
    scales: [6, 2],
    volumes: ["0.0005", "1000.00"],
    prices: ["10.00", "100000.00"],
    habits: [11, 1.5, 205, 80],
  }),
  market("SOL", "USDT", {
    scales: [4, 4],
    volumes: ["0.01", "10000.00"],
    prices: ["1.00", "10000.00"],
    habits: [14, 0.9, 1_195, 70],
  }),
  market("XRP", "USDT", {
    scales: [2, 4],
    volumes: ["1.00", "1000000.00"],
    prices: ["0.001", "1000.00"],
    habits: [17, 1, 251_000, 70],
  }),
  market("DOGE", "USDT", {
    scales: [2, 6],
    volumes: ["1.00", "10000000.00"],
    prices: ["0.0001", "100.00"],
    habits: [60, 0.3, 147_000, 45],
  }),
  market("XBT", "USDC", {
    scales: [4, 4],
    volumes: ["0.0005", "100.00"],
    prices: ["100.00", "1000000.00"],
    habits: [75, 0.1, 0.4, 40],
  }),
  market("ETH", "XBT", {
    scales: [2, 4],
    volumes: ["0.01", "1000.00"],
    prices: ["0.0001", "1.00"],
    habits: [30, 0.5, 60, 50],
  }),
  market("LTC", "XBT", {
    scales: [2, 6],
    volumes: ["0.10", "10000.00"],
    prices: ["0.0001", "1.00"],
    habits: [45, 0.12, 70, 40],
  }),
  market("BCH", "XBT", {
    scales: [2, 6],
    volumes: ["0.01", "100.00"],
    prices: ["0.0001", "1.00"],
    habits: [50, 0.1, 14, 40],
  }),
  market("XBT", "MYR", {
    scales: [6, 0],
    volumes: ["0.0005", "100.00"],
    prices: ["10.00", "10000000.00"],
    habits: [22, 2, 9.5, 90],
  }),
  market("ETH", "MYR", {
    scales: [6, 0],
    volumes: ["0.0005", "1000.00"],
    prices: ["10.00", "1000000.00"],
    habits: [30, 1, 120, 70],
  }),
  market("XBT", "NGN", {
    scales: [6, 0],
    volumes: ["0.0005", "100.00"],
    prices: ["1000.00", "1000000000.00"],
    habits: [40, 0.4, 1.1, 60],
  }),
  market("ETH", "NGN", {
    scales: [4, 0],
    volumes: ["0.005", "1000.00"],
    prices: ["1000.00", "100000000.00"],
    habits: [60, 0.2, 9, 45],
  }),
  market("XBT", "EUR", {
    scales: [4, 2],
    volumes: ["0.0002", "100.00"],
    prices: ["100.00", "1000000.00"],
    habits: [20, 0.6, 3.2, 70],
  }),
  market("ETH", "AUD", {
    scales: [4, 2],
    volumes: ["0.0005", "1000.00"],
    prices: ["10.00", "100000.00"],
    habits: [120, 0.3, 12, 45],
    status: "SUSPENDED",
  }),
  market("INJ", "USDT", {
    scales: [2, 4],
    volumes: ["0.10", "100000.00"],
    prices: ["0.01", "10000.00"],
    habits: [150, 0.2, 900, 45],
    status: "POST_ONLY",
  }),
];

/** The codes of all traded currencies. */
export const TRADED_CURRENCIES: ReadonlySet<string> = new Set(MARKETS.flatMap(({ base, counter }) => [base, counter]));

const MARKETS_BY_ID = new Map(MARKETS.map((listed) => [listed.id, listed]));

/** The market with this id, e.g. `XBTZAR`; `undefined` for unknown ids. */
export function findMarket(id: string): SimulatedMarket | undefined {
  return MARKETS_BY_ID.get(id);
}

function market(base: string, counter: string, row: Row): SimulatedMarket {
  const [volumeScale, priceScale] = row.scales;
  const [minVolume, maxVolume] = row.volumes;
  const [minPrice, maxPrice] = row.prices;
  const [spreadBps, tradesPerMinute, dailyVolume, ordersPerSide] = row.habits;
  return {
    id: base + counter,
    base,
    counter,
    status: row.status ?? "ACTIVE",
    minVolume,
    maxVolume,
    minPrice,
    maxPrice,
    volumeScale,
    priceScale,
    feeScale: 8,
    ...feesFor(base, counter),
    typicalPrice: usdOf(base).div(usdOf(counter)).toFixed(priceScale),
    activity: { spreadBps, tradesPerMinute, dailyVolume, ordersPerSide },
  };
}

/** Both sides of every simulated market have the same fees. */
function feesFor(base: string, counter: string): { makerFee: string; takerFee: string } {
  const { maker_fee_buy: makerFee, taker_fee_buy: takerFee } = publishedFees({ base, counter });
  return { makerFee, takerFee };
}

function usdOf(code: string): Big {
  const asset = ASSETS.find((known) => known.code === code);
  if (!asset) throw new RangeError(`Cannot list market as currency has no known value: current code is "${code}"`);
  return new Big(asset.usd);
}

import Big from "big.js";
import type { AnswerOf } from "../../exchange/endpoints.ts";
import type { PublicTrade } from "../../exchange/market_schemas.ts";
import { formatDecimal } from "../../money/decimals.ts";
import { sumOf } from "../../money/rounding.ts";

/** What a candle is computed from. */
export interface CandleParts {
  /** Its start, in milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** The close of the previous candle, used while there is no trade. */
  readonly close: string | undefined;
  /** All trades since its start, oldest first; `undefined` when some may be missing. */
  readonly trades: readonly PublicTrade[] | undefined;
}

/** The candle in progress; `undefined` when it cannot be computed. */
export function runningCandle(
  { startMs, close, trades }: CandleParts,
): AnswerOf<"getCandles">["candles"][number] | undefined {
  const [first] = trades ?? [];
  const last = trades?.at(-1);
  if (trades === undefined || close === undefined) return undefined;
  if (first === undefined || last === undefined) {
    return { timestamp: startMs, open: close, high: close, low: close, close, volume: "0" };
  }
  const prices = trades.map(({ price }) => new Big(price));
  return {
    timestamp: startMs,
    open: first.price,
    high: formatDecimal(prices.reduce((one, other) => one.gte(other) ? one : other)),
    low: formatDecimal(prices.reduce((one, other) => one.lte(other) ? one : other)),
    close: last.price,
    volume: formatDecimal(sumOf(trades.map(({ volume }) => new Big(volume)))),
  };
}

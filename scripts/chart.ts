/** Candles as a chart of characters. */

import Big from "big.js";

/** Prices of one interval. */
export interface ChartCandle {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
}

/** The height of a chart, in lines. */
const ROWS = 12;

/** Draws candles side by side: `│` wick, `┃` rising body, `░` falling body, with the price at the left of each row. */
export function drawCandles(candles: readonly ChartCandle[]): string {
  const highest = candles.map(({ high }) => new Big(high)).reduce((one, other) => one.gt(other) ? one : other);
  const lowest = candles.map(({ low }) => new Big(low)).reduce((one, other) => one.lt(other) ? one : other);
  const step = highest.minus(lowest).div(ROWS);
  if (step.eq(0)) return `${highest.toFixed()} throughout`;
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const top = highest.minus(step.times(row));
    const bottom = top.minus(step);
    const label = bottom.plus(top).div(2).toFixed(0).padStart(12);
    return `${label} ┤${candles.map((candle) => glyph(candle, top, bottom)).join("")}`;
  });
  return lines.join("\n");
}

function glyph({ open, high, low, close }: ChartCandle, top: Big, bottom: Big): string {
  const rises = new Big(close).gte(open);
  const [bodyLow, bodyHigh] = rises ? [open, close] : [close, open];
  if (bottom.lte(bodyHigh) && top.gte(bodyLow)) return rises ? "┃" : "░";
  return bottom.lte(high) && top.gte(low) ? "│" : " ";
}

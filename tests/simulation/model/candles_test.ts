import assert from "node:assert/strict";
import { CandleSeries } from "../../../src/simulation/model/candles.ts";

const MINUTE_MS = 60_000;

Deno.test("CandleSeries aggregates the trades of each interval", () => {
  const series = new CandleSeries({ startMs: 0, durationMs: MINUTE_MS, close: undefined });
  for (const [timestamp, price, volume] of [[1, 10, 2], [59_998, 14, 1], [59_999, 9, 3], [60_000, 11, 5]] as const) {
    series.addTrade({ timestamp, price, volume, isBuy: true });
  }
  assert.deepEqual(series.finish(2 * MINUTE_MS), [
    { timestamp: 0, open: 10, high: 14, low: 9, close: 9, volume: 6 },
    { timestamp: MINUTE_MS, open: 11, high: 11, low: 11, close: 11, volume: 5 },
  ]);
});

Deno.test("CandleSeries repeats the last close with volume 0 in quiet intervals", () => {
  const series = new CandleSeries({ startMs: 0, durationMs: MINUTE_MS, close: 7 });
  series.addTrade({ timestamp: MINUTE_MS, price: 8, volume: 1, isBuy: false });
  assert.deepEqual(series.finish(4 * MINUTE_MS).map(({ open, close, volume }) => [open, close, volume]), [
    [7, 7, 0],
    [8, 8, 1],
    [8, 8, 0],
    [8, 8, 0],
  ]);
});

Deno.test("CandleSeries has no candle before the first trade without an earlier price", () => {
  const series = new CandleSeries({ startMs: 0, durationMs: MINUTE_MS, close: undefined });
  series.addTrade({ timestamp: 2 * MINUTE_MS, price: 8, volume: 1, isBuy: false });
  assert.deepEqual(series.finish(3 * MINUTE_MS).map(({ timestamp }) => timestamp), [2 * MINUTE_MS]);
});

Deno.test("CandleSeries builds the same candles from shorter ones as from the trades", () => {
  const trades = Array.from({ length: 50 }, (_, i) => ({
    timestamp: i * 13_000,
    price: 100 + (i * 37) % 11,
    volume: 1 + i % 4,
    isBuy: i % 2 === 0,
  }));
  const fromTrades = new CandleSeries({ startMs: 0, durationMs: 5 * MINUTE_MS, close: undefined });
  const minutes = new CandleSeries({ startMs: 0, durationMs: MINUTE_MS, close: undefined });
  for (const trade of trades) for (const series of [fromTrades, minutes]) series.addTrade(trade);
  const fromMinutes = new CandleSeries({ startMs: 0, durationMs: 5 * MINUTE_MS, close: undefined });
  for (const candle of minutes.finish(15 * MINUTE_MS)) fromMinutes.addCandle(candle);
  assert.deepEqual(fromMinutes.finish(15 * MINUTE_MS), fromTrades.finish(15 * MINUTE_MS));
});

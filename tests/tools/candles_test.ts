import assert from "node:assert/strict";
import Big from "big.js";
import type { Candle } from "../../src/exchange/market_schemas.ts";
import { type Interval, INTERVALS } from "../../src/market/candle_paging.ts";
import { type Json, START_MS, TestExchange } from "../support/exchange.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const pair = "XBTZAR";

/** All candles of a period, read from the exchange page by page. */
async function candlesOf(exchange: TestExchange, interval: Interval, fromMs: number): Promise<Candle[]> {
  const duration = INTERVALS[interval];
  const all: Candle[] = [];
  for (let since = fromMs; since <= exchange.clock.now;) {
    const { candles } = await exchange.client.call("getCandles", { pair, since, duration });
    all.push(...candles);
    since = (candles.at(-1)?.timestamp ?? Infinity) + duration * 1000;
  }
  return all;
}

function shown({ timestamp, open, high, low, close, volume }: Candle): Json {
  return { time: new Date(timestamp).toISOString(), open, high, low, close, volume };
}

for (const interval of Object.keys(INTERVALS) as Interval[]) {
  Deno.test(`get_historical_prices returns the latest candles of ${interval}, the running one included`, async () => {
    await using exchange = await TestExchange.start();
    const length = INTERVALS[interval] * 1000;
    const { candles } = await exchange.answer("get_historical_prices", { pair, interval, count: 3 });
    const running = Math.floor(START_MS / length) * length;
    assert.deepEqual(
      candles.map(({ time }: Json) => Date.parse(time)),
      [running - 2 * length, running - length, running],
    );
  });
}

Deno.test("get_historical_prices reads up to now when the exchange needs several pages", async () => {
  await using exchange = await TestExchange.start();
  const expected = (await candlesOf(exchange, "1m", START_MS - 3_000 * MINUTE)).map(shown);
  for (const count of [1_000, 1_001, 2_000, 3_000]) {
    const { candles } = await exchange.answer("get_historical_prices", { pair, interval: "1m", count });
    assert.deepEqual(candles, expected.slice(-count));
    assert.equal(candles.length, count);
  }
});

Deno.test("get_historical_prices respects from and to, both inclusive", async () => {
  await using exchange = await TestExchange.start();
  const [from, to] = ["2026-11-20T03:00:00Z", "2026-11-20T08:00:00.000Z"];
  const { candles, earlier_until } = await exchange.answer("get_historical_prices", { pair, from, to });
  assert.deepEqual(candles.map(({ time }: Json) => time.slice(11, 13)), ["03", "04", "05", "06", "07", "08"]);
  assert.equal(earlier_until, undefined);
  const inMs = await exchange.answer("get_historical_prices", { pair, from: Date.parse(from), to: Date.parse(to) });
  assert.deepEqual(inMs.candles, candles);
});

Deno.test("get_historical_prices returns the latest candles when to is in the future", async () => {
  await using exchange = await TestExchange.start();
  const latest = await exchange.answer("get_historical_prices", { pair });
  assert.equal(latest.candles.length, 24);
  assert.deepEqual(await exchange.answer("get_historical_prices", { pair, to: "2099-01-01" }), latest);
});

Deno.test("get_historical_prices reaches every candle exactly once through earlier_until", async () => {
  await using exchange = await TestExchange.start();
  const from = START_MS - 3 * DAY;
  const expected = (await candlesOf(exchange, "30m", from)).map(shown);
  for (const count of [7, 48, 143, 144, 145]) {
    const seen: Json[] = [];
    let to: string | undefined;
    do {
      const args = { pair, interval: "30m", from, count, ...(to && { to }) };
      const { candles, earlier_until } = await exchange.answer("get_historical_prices", args);
      assert.ok(candles.length > 0, "earlier_until promised candles");
      seen.unshift(...candles);
      to = earlier_until;
    } while (to !== undefined);
    assert.deepEqual(seen, expected);
  }
});

Deno.test("get_historical_prices refuses a period that ends before it begins", async () => {
  await using exchange = await TestExchange.start();
  const error = await exchange.refusal("get_historical_prices", { pair, from: "2026-11-20", to: "2026-11-19" });
  assert.deepEqual([error.code, error.fields?.[0]?.field], ["ERR_INVALID_ARGUMENT", "from"]);
});

Deno.test("get_historical_prices picks columns", async () => {
  await using exchange = await TestExchange.start();
  const { candles } = await exchange.answer("get_historical_prices", { pair, count: 2, fields: ["close", "time"] });
  assert.deepEqual(candles.map((candle: Json) => Object.keys(candle).toSorted()), [["close", "time"], [
    "close",
    "time",
  ]]);
});

for (const days of [1, 40, 41, 365]) {
  Deno.test(`get_price_range over ${days} days equals the aggregate of the candles`, async () => {
    await using exchange = await TestExchange.start();
    const range = await exchange.answer("get_price_range", { pair, days });
    const candles = await candlesOf(exchange, days > 40 ? "1d" : "1h", START_MS - days * DAY);
    const [first, last] = [candles[0] ?? assert.fail(), candles.at(-1) ?? assert.fail()];
    const values = (field: "high" | "low" | "close" | "volume") => candles.map((candle) => new Big(candle[field]));
    const sum = (numbers: Big[]) => numbers.reduce((total, each) => total.plus(each));
    const change = new Big(last.close).minus(first.open);
    assert.deepEqual(range, {
      pair,
      days,
      from: new Date(first.timestamp).toISOString(),
      to: new Date(START_MS).toISOString(),
      open: first.open,
      high: values("high").sort((one, other) => other.cmp(one))[0]?.toFixed(),
      low: values("low").sort((one, other) => one.cmp(other))[0]?.toFixed(),
      close: last.close,
      change: change.toFixed(),
      change_percent: range.change_percent,
      average: sum(values("close")).div(candles.length).round(8).toFixed(),
      volume: sum(values("volume")).toFixed(),
      candles: candles.length,
      interval: days > 40 ? "1d" : "1h",
    });
    assert.ok(change.div(first.open).times(100).minus(range.change_percent).abs().lte("0.005"), range.change_percent);
  });
}

Deno.test("candles without a key name the variables to set; all other market data needs none", async () => {
  await using exchange = await TestExchange.start();
  const context = exchange.connect({ key: null });
  for (const tool of ["get_historical_prices", "get_price_range"]) {
    const error = await exchange.refusal(tool, { pair }, context);
    assert.deepEqual([error.code, error.retryable], ["ERR_CREDENTIALS_MISSING", false]);
    assert.match(error.message, /LUNO_API_KEY and LUNO_API_SECRET/);
  }
  for (const tool of ["get_crypto_price", "get_orderbook", "get_recent_trades"]) {
    await exchange.answer(tool, { pair }, context);
  }
  await exchange.answer("get_all_tickers", {}, context);
});

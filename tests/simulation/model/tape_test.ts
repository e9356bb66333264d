import assert from "node:assert/strict";
import fc from "fast-check";
import { CANDLE_DURATIONS_S } from "../../../src/simulation/model/candles.ts";
import type { Candle, PriceModel, SequencedTrade, Tape, Trade } from "../../../src/simulation/model/market_data.ts";
import { createPriceModel } from "../../../src/simulation/model/prices.ts";
import { createTape } from "../../../src/simulation/model/tape.ts";

const START_MS = 1_790_127_123_456;
const DAY_MS = 86_400_000;
const HISTORY_DAYS = 8;
const HISTORY_MS = Math.floor(START_MS / DAY_MS) * DAY_MS - HISTORY_DAYS * DAY_MS;

const model = createPriceModel({ seed: 7 });
const openTape = () => createTape({ model, startMs: START_MS, historyDays: HISTORY_DAYS });

const tradingMarket = fc.constantFrom("XBTZAR", "XRPUSDT", "ETHXBT", "BCHXBT");
const quietMarket = fc.constantFrom("XRPUSDT", "ETHXBT", "BCHXBT");
const pastTime = fc.integer({ min: HISTORY_MS, max: START_MS });
const recordings = fc.array(
  fc.record({ afterMs: fc.oneof(fc.constant(0), fc.nat(4 * 3_600_000)), price: fc.integer({ min: 1, max: 10 ** 9 }) }),
  { maxLength: 25 },
);

Deno.test("Tape.trades() is the model's history after one opening trade", () => {
  const tape = openTape();
  for (const id of ["XBTZAR", "BCHXBT", "ETHAUD"]) {
    const [opening, ...rest] = allTrades(tape, id, START_MS);
    assert.deepEqual(rest.map(unsequenced), model.tradesBetween(id, HISTORY_MS, START_MS + 1));
    assert.equal(opening?.timestamp, HISTORY_MS);
    assert.equal(opening.price, model.bookAt(id, HISTORY_MS).bids[0]?.price);
  }
});

Deno.test("Tape.record() joins trades in order of time, with contiguous sequences that never change", () => {
  fc.assert(
    fc.property(tradingMarket, recordings, (id, drawn) => {
      const tape = openTape();
      const shown = new Map<number, Trade>();
      const recorded = new Map<number, Trade>();
      let atMs = START_MS;
      for (const { afterMs, price } of drawn) {
        atMs += afterMs;
        const trade = { timestamp: atMs, price, volume: 3, isBuy: true };
        recorded.set(tape.record(id, trade), trade);
        for (const seen of tape.trades(id, { fromMs: atMs - 7_200_000, toMs: atMs, limit: 40 })) {
          const { sequence } = seen;
          assert.deepEqual(unsequenced(seen), shown.get(sequence) ?? unsequenced(seen));
          shown.set(sequence, unsequenced(seen));
        }
      }
      const all = allTrades(tape, id, atMs);
      assertContiguous(all);
      const bySequence = new Map(all.map((trade) => [trade.sequence, unsequenced(trade)]));
      for (const known of [shown, recorded]) {
        for (const [sequence, trade] of known) assert.deepEqual(bySequence.get(sequence), trade);
      }
      assert.equal(all.length, 1 + model.tradesBetween(id, HISTORY_MS, atMs + 1).length + recorded.size);
    }),
    { numRuns: 20 },
  );
});

Deno.test("Tape.record() puts a recorded trade after the model's of the same millisecond", () => {
  const tape = openTape();
  const [next] = model.tradesBetween("XBTZAR", START_MS, START_MS + 3_600_000);
  assert.ok(next);
  const mine = { timestamp: next.timestamp, price: 1, volume: 1, isBuy: false };
  const sequence = tape.record("XBTZAR", mine);
  const [newest, before] = tape.trades("XBTZAR", { fromMs: START_MS, toMs: next.timestamp, limit: 9 });
  assert.deepEqual(newest, { ...mine, sequence });
  assert.deepEqual(before, { ...next, sequence: sequence - 1 });
});

Deno.test("Tape.record() refuses a trade from before history or before what was already read", () => {
  const tape = openTape();
  const trade = (timestamp: number) => ({ timestamp, price: 1, volume: 1, isBuy: true });
  assert.throws(() => tape.record("XBTZAR", trade(HISTORY_MS - 1)), RangeError);
  const first = tape.record("XBTZAR", trade(START_MS));
  assert.equal(tape.record("XBTZAR", trade(START_MS)), first + 1);
  tape.volume24h("XBTZAR", START_MS + 5_000);
  assert.throws(() => tape.record("XBTZAR", trade(START_MS + 4_999)), RangeError);
  tape.record("XBTZAR", trade(START_MS + 5_000));
  tape.record("ETHZAR", trade(START_MS + 1));
});

Deno.test("Tape.record() accepts an account's history before anything was read, and includes it", () => {
  const tape = openTape();
  const past = { timestamp: START_MS - 5 * DAY_MS, price: 77, volume: 3, isBuy: true };
  const sequence = tape.record("ETHXBT", past);
  const present = tape.record("ETHXBT", { ...past, timestamp: START_MS });
  const all = allTrades(tape, "ETHXBT", START_MS);
  assertContiguous(all);
  assert.deepEqual(all.find((trade) => trade.sequence === sequence), { ...past, sequence });
  assert.equal(all.at(-1)?.sequence, present);
  assert.equal(tape.lastTrade("ETHXBT", past.timestamp).price, 77);
});

Deno.test("Tape counts the same with a model that cannot count", () => {
  const { bookAt, tradesBetween } = model;
  const slow = createTape({ model: { bookAt, tradesBetween }, startMs: START_MS, historyDays: HISTORY_DAYS });
  assert.deepEqual(newest(slow, "XBTZAR", START_MS), newest(openTape(), "XBTZAR", START_MS));
});

Deno.test("Tape gives the same answers after days were evicted and built again", () => {
  const tape = openTape();
  for (let hour = 0; hour < 10 * 24; hour++) {
    tape.record("XRPUSDT", { timestamp: START_MS + hour * 3_600_000, price: 500 + hour, volume: 2, isBuy: true });
  }
  const atMs = START_MS + 10 * DAY_MS;
  const once = allTrades(tape, "XRPUSDT", atMs);
  assert.deepEqual(allTrades(tape, "XRPUSDT", atMs), once);
  assertContiguous(once);
});

Deno.test("Tape gives the same sequences whichever moment is read first", () => {
  const forwards = openTape();
  const backwards = openTape();
  const moments = Array.from({ length: 12 }, (_, i) => START_MS + (i - 6) * DAY_MS);
  const ask = (tape: Tape, list: readonly number[]) => list.map((atMs) => newest(tape, "ETHXBT", atMs));
  assert.deepEqual(ask(backwards, moments.toReversed()).reverse(), ask(forwards, moments));
});

Deno.test("Tape.candles() agrees with the trades for any range and duration", () => {
  fc.assert(
    fc.property(
      quietMarket,
      recordings,
      fc.constantFrom(...CANDLE_DURATIONS_S),
      fc.integer({ min: HISTORY_MS - 2 * DAY_MS, max: START_MS + 3_600_000 }),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(2 * DAY_MS),
      (id, drawn, durationS, sinceMs, limit, agoMs) => {
        const tape = openTape();
        const nowMs = recordAll(tape, id, drawn);
        const range = { durationMs: durationS * 1_000, sinceMs, atMs: nowMs - agoMs, limit };
        assert.deepEqual(tape.candles(id, range), candlesOf(allTrades(tape, id, nowMs), range));
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("Tape.candles() extends the running candle and leaves the finished ones unchanged", () => {
  const tape = openTape();
  const hour = { durationMs: 3_600_000, sinceMs: START_MS - 3 * 3_600_000, limit: 10 };
  const before = tape.candles("XBTZAR", { ...hour, atMs: START_MS });
  tape.record("XBTZAR", { timestamp: START_MS + 1, price: 2_000_000, volume: 4, isBuy: true });
  const after = tape.candles("XBTZAR", { ...hour, atMs: START_MS + 1 });
  assert.deepEqual(after.slice(0, -1), before.slice(0, -1));
  assert.equal(after.at(-1)?.high, 2_000_000);
  assert.equal(after.at(-1)?.volume, (before.at(-1)?.volume ?? NaN) + 4);
});

Deno.test("Tape.candles() begins with history and repeats the only price of a market that never trades", () => {
  const still: PriceModel = { ...model, tradesBetween: () => [], countBetween: () => 0 };
  const tape = createTape({ model: still, startMs: START_MS, historyDays: HISTORY_DAYS });
  const candles = tape.candles("ETHAUD", { durationMs: DAY_MS, sinceMs: 0, atMs: START_MS, limit: 1_000 });
  assert.equal(candles.length, HISTORY_DAYS + 1);
  assert.equal(candles[0]?.timestamp, HISTORY_MS);
  assert.ok(candles.slice(1).every(({ close, volume }) => close === candles[0]?.close && volume === 0));
});

Deno.test("Tape.candles() refuses an unknown duration", () => {
  const range = { sinceMs: START_MS - 1_000, atMs: START_MS, limit: 1 };
  assert.throws(() => openTape().candles("XBTZAR", { ...range, durationMs: 120_000 }), RangeError);
});

Deno.test("Tape.lastTrade() is the newest trade at or before a moment, however long ago it was", () => {
  fc.assert(
    fc.property(fc.constantFrom("XBTZAR", "BCHXBT", "INJUSDT"), pastTime, (id, atMs) => {
      const tape = openTape();
      const known = allTrades(tape, id, START_MS).findLast(({ timestamp }) => timestamp <= atMs);
      assert.ok(known);
      assert.deepEqual(tape.lastTrade(id, atMs), unsequenced(known));
    }),
    { numRuns: 20 },
  );
});

Deno.test("Tape.volume24h() sums the trades of the 24 hours up to a moment", () => {
  fc.assert(
    fc.property(tradingMarket, recordings, fc.nat(9 * DAY_MS), (id, drawn, agoMs) => {
      const tape = openTape();
      const nowMs = recordAll(tape, id, drawn);
      const atMs = nowMs - agoMs;
      const volume = allTrades(tape, id, nowMs)
        .filter(({ timestamp }) => timestamp > atMs - DAY_MS && timestamp <= atMs)
        .reduce((sum, trade) => sum + trade.volume, 0);
      assert.equal(tape.volume24h(id, atMs), volume);
    }),
    { numRuns: 25 },
  );
});

Deno.test("Tape.trades() respects its range and limit, newest first", () => {
  fc.assert(
    fc.property(tradingMarket, pastTime, pastTime, fc.integer({ min: 0, max: 150 }), (id, a, b, limit) => {
      const tape = openTape();
      const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b)];
      const expected = allTrades(tape, id, START_MS)
        .filter(({ timestamp }) => timestamp >= fromMs && timestamp <= toMs).reverse().slice(0, limit);
      assert.deepEqual(tape.trades(id, { fromMs, toMs, limit }), expected);
    }),
    { numRuns: 20 },
  );
});

Deno.test("Tape throws a RangeError for an unknown market, a moment before history, and an invalid time", () => {
  const tape = openTape();
  assert.throws(() => tape.lastTrade("BTCZAR", START_MS), RangeError);
  assert.throws(() => tape.lastTrade("XBTZAR", HISTORY_MS - 1), RangeError);
  assert.throws(() => tape.trades("XBTZAR", { fromMs: START_MS, toMs: Infinity, limit: 1 }), RangeError);
});

Deno.test("createTape() builds a day once and asks the model for new moments only as time passes", () => {
  const asked: [number, number][] = [];
  const counting: PriceModel = {
    bookAt: model.bookAt,
    tradesBetween: (id, fromMs, toMs) => {
      asked.push([fromMs, toMs]);
      return model.tradesBetween(id, fromMs, toMs);
    },
  };
  const tape = createTape({ model: counting, startMs: START_MS });
  tape.lastTrade("XBTZAR", START_MS);
  tape.volume24h("XBTZAR", START_MS);
  asked.length = 0;
  for (let second = 1; second <= 100; second++) {
    tape.lastTrade("XBTZAR", START_MS + second * 1_000);
    tape.volume24h("XBTZAR", START_MS + second * 1_000);
  }
  assert.equal(asked.length, 100);
  assert.ok(asked.every(([fromMs, toMs]) => toMs - fromMs === 1_000));
});

function recordAll(tape: Tape, id: string, drawn: readonly { afterMs: number; price: number }[]): number {
  let atMs = START_MS;
  for (const { afterMs, price } of drawn) {
    atMs += afterMs;
    tape.record(id, { timestamp: atMs, price, volume: 1 + price % 7, isBuy: price % 2 === 0 });
  }
  return atMs;
}

function allTrades(tape: Tape, id: string, toMs: number): readonly SequencedTrade[] {
  return tape.trades(id, { fromMs: 0, toMs, limit: Infinity }).toReversed();
}

function newest(tape: Tape, id: string, toMs: number): SequencedTrade | undefined {
  return tape.trades(id, { fromMs: 0, toMs, limit: 1 })[0];
}

function unsequenced({ timestamp, price, volume, isBuy }: Trade): Trade {
  return { timestamp, price, volume, isBuy };
}

function assertContiguous(trades: readonly SequencedTrade[]): void {
  for (const [i, trade] of trades.entries()) {
    assert.equal(trade.sequence, (trades[0]?.sequence ?? NaN) + i);
    assert.ok(trade.timestamp >= (trades[i - 1]?.timestamp ?? 0));
  }
}

/** The same candles by plain filtering, interval by interval. */
function candlesOf(
  trades: readonly Trade[],
  range: { durationMs: number; sinceMs: number; atMs: number; limit: number },
): readonly Candle[] {
  const { durationMs, sinceMs, atMs, limit } = range;
  const candles: Candle[] = [];
  const known = trades.filter(({ timestamp }) => timestamp <= atMs);
  const firstMs = Math.floor(HISTORY_MS / durationMs) * durationMs;
  let timestamp = Math.max(Math.ceil(sinceMs / durationMs) * durationMs, firstMs);
  for (; timestamp <= atMs && candles.length < limit; timestamp += durationMs) {
    const inside = known.filter((trade) => trade.timestamp >= timestamp && trade.timestamp < timestamp + durationMs);
    const prices = inside.map(({ price }) => price);
    const quiet = known.findLast((trade) => trade.timestamp < timestamp)?.price ?? NaN;
    candles.push({
      timestamp,
      open: prices[0] ?? quiet,
      high: prices.length > 0 ? Math.max(...prices) : quiet,
      low: prices.length > 0 ? Math.min(...prices) : quiet,
      close: prices.at(-1) ?? quiet,
      volume: inside.reduce((sum, { volume }) => sum + volume, 0),
    });
  }
  return candles;
}

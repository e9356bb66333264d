/**
 * Keeps closed candles, which never change, so that only later ones are requested.
 *
 * A candle counts as closed when the same answer contains a later one, so that the exchange itself has moved on, and it
 * ended some seconds ago. An irregular answer (omitted rows, another order) is not kept.
 */

import type { AnswerOf, ParamsOf } from "../exchange/endpoints.ts";
import { BoundedMap } from "./bounded_map.ts";
import type { Reading } from "./reading.ts";

type CandlePage = AnswerOf<"getCandles">;
type CandleParams = ParamsOf<"getCandles">;
type Candle = CandlePage["candles"][number];

/** The most candles in one answer of the exchange. */
const PAGE_SIZE = 1_000;

/** How long after its end a candle may still change, with a margin. */
const SETTLING_MS = 5_000;

/** The most candles of one pair and duration; the oldest are removed first. */
const MAX_CANDLES = 5_000;

/** The most separate periods of one pair and duration. */
const MAX_PERIODS = 4;

const MAX_BYTES = 8 * 1_048_576;

/** Approximate size of a candle, in bytes. */
const CANDLE_BYTES = 400;

/** Closed candles without a gap. */
interface Closed {
  /** Start of the first candle. */
  readonly fromMs: number;
  /** The first start that is not known. */
  readonly untilMs: number;
  readonly candles: readonly Candle[];
}

/** The closed candles of all pairs, within bounds. */
export class CandleHistory {
  readonly #now: () => number;
  readonly #wallClock: () => number;
  /** Separate periods, the most recently read last. */
  readonly #known = new BoundedMap<string, readonly Closed[]>(MAX_BYTES);

  /** `now` is monotonic milliseconds, `wallClock` milliseconds since the Unix epoch. */
  constructor({ now, wallClock }: { readonly now: () => number; readonly wallClock: () => number }) {
    this.#now = now;
    this.#wallClock = wallClock;
  }

  /** Reads a page as the exchange would return it; `ask` asks the exchange. */
  async read(
    params: CandleParams,
    ask: (params: CandleParams) => Promise<Reading<CandlePage>>,
  ): Promise<Reading<CandlePage>> {
    const { pair, since, duration } = params;
    const key = `${pair} ${duration}`;
    const closed = this.#known.get(key)?.find(({ fromMs, untilMs }) => since >= fromMs && since <= untilMs);
    const before = closed?.candles.filter(({ timestamp }) => timestamp >= since) ?? [];
    if (before.length >= PAGE_SIZE) return this.#lasting({ pair, duration, candles: before.slice(0, PAGE_SIZE) });
    const from = closed?.untilMs ?? since;
    const reading = await ask({ ...params, since: from });
    this.#learn(key, this.#closedOf(reading.answer, { fromMs: from, durationMs: duration * 1_000 }));
    if (before.length === 0) return reading;
    const candles = [...before, ...reading.answer.candles.filter(({ timestamp }) => timestamp >= from)];
    return { ...reading, answer: { ...reading.answer, candles: candles.slice(0, PAGE_SIZE) } };
  }

  #lasting(page: Pick<CandlePage, "pair" | "duration" | "candles">): Reading<CandlePage> {
    const answer = { ...page, left_out: 0, was_unsorted: false };
    return { answer, source: "exchange", asOfMs: this.#now(), staleAtMs: Infinity };
  }

  #closedOf(
    { candles, left_out, was_unsorted }: CandlePage,
    { fromMs, durationMs }: { readonly fromMs: number; readonly durationMs: number },
  ): Closed | undefined {
    if (left_out > 0 || was_unsorted) return undefined;
    const lastMs = this.#wallClock() - SETTLING_MS - durationMs;
    const open = candles.findIndex(({ timestamp }, index) => timestamp > lastMs || index === candles.length - 1);
    const next = candles[open];
    return next === undefined || open === 0 ? undefined : {
      fromMs,
      untilMs: next.timestamp,
      candles: candles.slice(0, open),
    };
  }

  #learn(key: string, closed: Closed | undefined): void {
    if (closed === undefined) return;
    const known = this.#known.get(key) ?? [];
    const apart = known.filter((each) => !meets(each, closed));
    const joined = known.filter((each) => meets(each, closed)).reduce(join, closed);
    const periods = [...apart, latestOf(joined)].slice(-MAX_PERIODS);
    const count = periods.reduce((sum, { candles }) => sum + candles.length, 0);
    this.#known.set(key, periods, count * CANDLE_BYTES);
  }
}

function meets(one: Closed, other: Closed): boolean {
  return one.fromMs <= other.untilMs && other.fromMs <= one.untilMs;
}

/** Joins two adjoining periods. */
function join(one: Closed, other: Closed): Closed {
  const [first, second] = one.fromMs <= other.fromMs ? [one, other] : [other, one];
  const rest = second.candles.filter(({ timestamp }) => timestamp >= first.untilMs);
  const untilMs = Math.max(first.untilMs, second.untilMs);
  return { fromMs: first.fromMs, untilMs, candles: [...first.candles, ...rest] };
}

/** A period without its oldest candles, when it has too many. */
function latestOf(closed: Closed): Closed {
  const candles = closed.candles.slice(-MAX_CANDLES);
  const [first] = candles;
  return first === undefined || candles.length === closed.candles.length
    ? closed
    : { ...closed, fromMs: first.timestamp, candles };
}

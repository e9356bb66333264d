/**
 * The exchange's clock as seen from here. Orders carry its time, and a lost order is given up by its time alone, so a
 * clock that is off must be noticed before anything is sent.
 */

import type { ClientStatus } from "../exchange/client.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/shared_reads.ts";

/** What trading needs of an exchange: the real one, the simulated one or the paper one. */
export type TradingExchange = Pick<Exchange, "call" | "status" | "reserve">;

/** How far our clock may be off, in milliseconds. */
export const MAX_SKEW_MS = 2_000;

/** The `Date` header is cut to whole seconds: the exchange's clock shows up to this much more. */
export const DATE_RESOLUTION_MS = 1_000;

/** Whether orders may be dated by our clock; `skewMs` is what to add to it, at most a second less than the truth. */
export type ClockVerdict =
  | { readonly ok: true; readonly skewMs: number }
  | { readonly ok: false; readonly code: "ERR_CLOCK_SKEW" | "ERR_CLOCK_UNKNOWN"; readonly message: string };

/** Refuses a clock that is certainly more than {@linkcode MAX_SKEW_MS} off, whatever the header's resolution hides. */
export function judgeClock(
  { clockSkewMs, lastLatencyMs }: Pick<ClientStatus, "clockSkewMs" | "lastLatencyMs">,
): ClockVerdict {
  if (clockSkewMs === null) return { ok: false, code: "ERR_CLOCK_UNKNOWN", message: unknownClock() };
  const most = clockSkewMs + DATE_RESOLUTION_MS + (lastLatencyMs ?? 0);
  if (clockSkewMs <= MAX_SKEW_MS && most >= -MAX_SKEW_MS) return { ok: true, skewMs: clockSkewMs };
  const seconds = (Math.abs(clockSkewMs + DATE_RESOLUTION_MS / 2) / 1000).toFixed(1);
  const direction = clockSkewMs > 0 ? "behind" : "ahead of";
  return {
    ok: false,
    code: "ERR_CLOCK_SKEW",
    message: `Cannot place an order as this machine's clock is about ${seconds} s ${direction} the exchange's: ` +
      `set it to within ${MAX_SKEW_MS / 1000} s, by NTP for example, and try again`,
  };
}

function unknownClock(reason = "it has not answered with its time"): string {
  return `Cannot place an order as the exchange's clock is not known, ${reason}: try again`;
}

/** How long a reading holds. */
const READING_HOLDS_MS = 60_000;

/** How far our wall clock may move against the monotonic one before a reading is worth nothing. */
const JUMP_MS = 200;

interface Reading {
  /** Monotonic. */
  readonly at: number;
  /** Wall clock less monotonic clock. */
  readonly offset: number;
}

/** What an {@linkcode ExchangeClock} stands on. */
export interface ClockParts {
  readonly exchange: TradingExchange;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Whether the exchange runs on our own clock, as the paper one does. */
  readonly isOurs: boolean;
}

/** Reads the exchange's clock, anew when the last reading is old or our own clock has jumped since. */
export class ExchangeClock {
  readonly #parts: ClockParts;
  #reading: Reading | undefined;

  constructor(parts: ClockParts) {
    this.#parts = parts;
  }

  /** To be called when an answer of the exchange has just arrived. */
  note(): void {
    const { now, monotonic } = this.#parts;
    this.#reading = { at: monotonic(), offset: now() - monotonic() };
  }

  /** The exchange's time at the earliest, or `null` before its first answer; right only just after an answer. */
  earliest(): number | null {
    if (this.#parts.isOurs) return this.#parts.now();
    const { clockSkewMs } = this.#parts.exchange.status();
    return clockSkewMs === null ? null : this.#parts.now() + clockSkewMs;
  }

  /** Judges our clock, after asking for the pair's ticker where no reading can be trusted. */
  async judge(pair: string): Promise<ClockVerdict> {
    const { exchange, isOurs } = this.#parts;
    if (isOurs) return { ok: true, skewMs: 0 };
    if (!this.#isReadingGood()) {
      try {
        await exchange.call("getTicker", { pair }, { fresh: true });
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        // A refusal is dated as well; without any answer the reading would be an old one.
        if (error.status === undefined) {
          return { ok: false, code: "ERR_CLOCK_UNKNOWN", message: unknownClock("as it did not answer") };
        }
      }
      this.note();
    }
    return judgeClock(exchange.status());
  }

  #isReadingGood(): boolean {
    const { exchange, now, monotonic } = this.#parts;
    if (this.#reading === undefined || exchange.status().clockSkewMs === null) return false;
    const { at, offset } = this.#reading;
    return monotonic() - at <= READING_HOLDS_MS && Math.abs(now() - monotonic() - offset) <= JUMP_MS;
  }
}

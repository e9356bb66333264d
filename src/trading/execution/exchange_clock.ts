/**
 * The exchange's clock as seen from here. Orders carry its time, and a lost order is given up by its time alone, so a
 * clock that is off must be noticed before anything is sent.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import type { ClientStatus } from "../../exchange/client.ts";
import type { ClockReading } from "../../exchange/clock_reading.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Exchange } from "../../market/exchange_port.ts";

/** What trading needs of an exchange: the real one, the simulated one or the paper one. */
export type TradingExchange = Pick<Exchange, "call" | "status" | "reserve">;

/** How far our clock may be off, in milliseconds. */
export const MAX_SKEW_MS = 2_000;

/** The `Date` header is cut to whole seconds: the exchange's clock shows up to this much more. */
export const DATE_RESOLUTION_MS = 1_000;

/** Whether orders may be dated by our clock; `skewMs` is what to add to it, at most a second less than the truth. */
export type ClockVerdict =
  | { readonly ok: true; readonly skewMs: number }
  | { readonly ok: false; readonly code: ToolErrorCode; readonly message: string };

/** Refuses a clock that is certainly more than {@linkcode MAX_SKEW_MS} off, whatever the header's resolution hides. */
export function checkClock(
  { clock, lastLatencyMs }: Pick<ClientStatus, "clock" | "lastLatencyMs">,
): ClockVerdict {
  if (clock === null) return { ok: false, code: "ERR_CLOCK_UNKNOWN", message: unknownClock() };
  const { skewMs } = clock;
  const most = skewMs + DATE_RESOLUTION_MS + (lastLatencyMs ?? 0);
  if (skewMs <= MAX_SKEW_MS && most >= -MAX_SKEW_MS) return { ok: true, skewMs };
  const seconds = (Math.abs(skewMs + DATE_RESOLUTION_MS / 2) / 1000).toFixed(1);
  const direction = skewMs > 0 ? "behind" : "ahead of";
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

/** What an {@linkcode ExchangeClock} stands on. */
export interface ClockParts {
  readonly exchange: TradingExchange;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Whether the exchange runs on our own clock, as the paper one does. */
  readonly isOurs: boolean;
}

/** Tells the exchange's time, and asks for it again when the last reading is old or our own clock has jumped since. */
export class ExchangeClock {
  readonly #parts: ClockParts;

  constructor(parts: ClockParts) {
    this.#parts = parts;
  }

  /** The exchange's time at the earliest, or `null` before its first answer. */
  earliest(): number | null {
    const { isOurs, now } = this.#parts;
    if (isOurs) return now();
    const reading = this.#reading;
    return reading === null ? null : now() + reading.skewMs;
  }

  /** Whether a time of the exchange's clock has passed, or may have, as our own clock was set or stood still. */
  hasPassed(time: number): boolean {
    const jumpMs = this.#parts.isOurs ? 0 : this.#reading?.jumpMs ?? 0;
    return jumpMs > JUMP_MS || (this.earliest() ?? this.#parts.now()) >= time;
  }

  /** Checks our clock, after asking for the pair's ticker where no reading can be trusted. */
  async check(pair: string): Promise<ClockVerdict> {
    const { exchange, isOurs } = this.#parts;
    if (isOurs) return { ok: true, skewMs: 0 };
    if (this.#isReadingGood()) return checkClock(exchange.status());
    try {
      await exchange.call("getTicker", { pair }, { fresh: true });
    } catch (error) {
      // A refusal is dated as well.
      if (!(error instanceof ExchangeError)) throw error;
    }
    if (this.#isReadingGood()) return checkClock(exchange.status());
    return { ok: false, code: "ERR_CLOCK_UNKNOWN", message: unknownClock(this.#whyUnknown()) };
  }

  get #reading(): ClockReading | null {
    return this.#parts.exchange.status().clock;
  }

  #isReadingGood(): boolean {
    const reading = this.#reading;
    return reading !== null && reading.ageMs <= READING_HOLDS_MS && reading.jumpMs <= JUMP_MS;
  }

  #whyUnknown(): string {
    const jumpMs = this.#reading?.jumpMs ?? 0;
    return jumpMs > JUMP_MS ? "as this machine's clock was set just now" : "as it did not answer";
  }
}

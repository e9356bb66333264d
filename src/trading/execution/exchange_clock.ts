/**
 * The exchange's clock as seen from here. Orders carry its time, and a lost order is given up by time alone, so a
 * deviating clock must be noticed before anything is sent.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import type { ClientStatus } from "../../exchange/client.ts";
import type { ClockReading } from "../../exchange/clock_reading.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Exchange } from "../../market/exchange_port.ts";

/** What trading needs of an exchange: the real one, the simulated one or the paper one. */
export type TradingExchange = Pick<Exchange, "call" | "status" | "reserve">;

/** The accepted deviation of our clock, in milliseconds. */
export const MAX_SKEW_MS = 2_000;

/** The `Date` header is truncated to whole seconds: the exchange's clock may be ahead of it by up to this much. */
export const DATE_RESOLUTION_MS = 1_000;

/** Whether our clock may date orders; `skewMs` must be added to it, and may be up to one second too small. */
export type ClockVerdict =
  | { readonly ok: true; readonly skewMs: number }
  | { readonly ok: false; readonly code: ToolErrorCode; readonly message: string };

/** Rejects a clock that certainly deviates by more than {@linkcode MAX_SKEW_MS}, despite the header's resolution. */
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

/** How long a reading is valid. */
const READING_HOLDS_MS = 60_000;

/** The most that our wall clock may move relative to the monotonic one before a reading becomes invalid. */
const JUMP_MS = 200;

/** Parts of an {@linkcode ExchangeClock}. */
export interface ClockParts {
  readonly exchange: TradingExchange;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Whether the exchange uses this machine's clock, as the paper exchange does. */
  readonly isOurs: boolean;
}

/** Returns the exchange's time, and requests a new reading when the last one is old or our clock has jumped. */
export class ExchangeClock {
  readonly #parts: ClockParts;

  constructor(parts: ClockParts) {
    this.#parts = parts;
  }

  /** The earliest possible time at the exchange; `null` before its first answer. */
  earliest(): number | null {
    const { isOurs, now } = this.#parts;
    if (isOurs) return now();
    const reading = this.#reading;
    return reading === null ? null : now() + reading.skewMs;
  }

  /** Whether a time of the exchange's clock has passed, or may have, because our clock was set or stopped. */
  hasPassed(time: number): boolean {
    const jumpMs = this.#parts.isOurs ? 0 : this.#reading?.jumpMs ?? 0;
    return jumpMs > JUMP_MS || (this.earliest() ?? this.#parts.now()) >= time;
  }

  /** Checks our clock, after requesting the pair's ticker when no reading is valid. */
  async check(pair: string): Promise<ClockVerdict> {
    const { exchange, isOurs } = this.#parts;
    if (isOurs) return { ok: true, skewMs: 0 };
    if (this.#isReadingGood()) return checkClock(exchange.status());
    try {
      await exchange.call("getTicker", { pair }, { fresh: true });
    } catch (error) {
      // A refusal has a `Date` too.
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

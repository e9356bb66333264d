/** Holds calls back while the exchange is down, so that callers do not wait for nothing. */

import { ExchangeError, type ExchangeErrorCode } from "./errors.ts";

/** Errors which show that the exchange is unavailable. */
const UNAVAILABILITY: ReadonlySet<ExchangeErrorCode> = new Set(["ERR_UNAVAILABLE", "ERR_TIMEOUT", "ERR_NETWORK"]);

/** Errors that say nothing about the exchange, so they must not end a probe successfully. */
const NO_EVIDENCE: ReadonlySet<ExchangeErrorCode> = new Set(["ERR_CANCELLED", "ERR_BUDGET_EXHAUSTED"]);

/** How long others are asked to wait while a probe is running. */
const PROBE_MS = 1_000;

/** Settings of a {@linkcode Breaker}. */
export interface BreakerOptions {
  /**
   * Consecutive failures that open it.
   *
   * @default {5}
   */
  failures?: number;
  /**
   * How long it stays open before one call may probe.
   *
   * @default {10_000}
   */
  pauseMs?: number;
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** A circuit breaker on a monotonic clock: consecutive failures open it, and a successful probe closes it. */
export class Breaker {
  readonly #limit: number;
  readonly #pauseMs: number;
  readonly #now: () => number;
  /** Consecutive failures, while closed. */
  #failures = 0;
  /** When a call may probe; absent while closed. */
  #probeAt: number | undefined;
  #isProbing = false;

  constructor({ failures = 5, pauseMs = 10_000, now = () => performance.now() }: BreakerOptions = {}) {
    this.#limit = failures;
    this.#pauseMs = pauseMs;
    this.#now = now;
  }

  /** `half-open` while a call probes the exchange. */
  get state(): "closed" | "open" | "half-open" {
    if (this.#probeAt === undefined) return "closed";
    return this.#isProbing ? "half-open" : "open";
  }

  /** Milliseconds for which calls are held back; 0 when the next one may go. */
  get openForMs(): number {
    if (this.#probeAt === undefined) return 0;
    return this.#isProbing ? PROBE_MS : Math.max(0, this.#probeAt - this.#now());
  }

  /** Runs a call and counts its outcome; call it only when `openForMs` is 0. The call starts at once. */
  async run<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const isProbe = this.#isProbing = this.#probeAt !== undefined;
    // A call sent before the breaker opened says nothing about the time after.
    const counts = (): boolean => isProbe || this.#probeAt === undefined;
    try {
      const answer = await call();
      if (counts()) this.#close();
      return answer;
    } catch (error) {
      const code = error instanceof ExchangeError ? error.code : undefined;
      const isFailure = code !== undefined && (UNAVAILABILITY.has(code) || (isProbe && NO_EVIDENCE.has(code)));
      if (isFailure && counts()) this.#fail({ isProbe });
      else if (isProbe) this.#close();
      throw error;
    }
  }

  #fail({ isProbe }: { readonly isProbe: boolean }): void {
    this.#failures++;
    if (!isProbe && this.#failures < this.#limit) return;
    this.#probeAt = this.#now() + this.#pauseMs;
    this.#isProbing = false;
  }

  #close(): void {
    this.#failures = 0;
    this.#probeAt = undefined;
    this.#isProbing = false;
  }
}

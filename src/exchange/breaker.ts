/** Holds calls back while the exchange is down, so that nobody waits for what cannot come. */

import { circuitBreaker, type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, handleWhen } from "cockatiel";
import { ExchangeError, type ExchangeErrorCode } from "./errors.ts";

/** Says that the exchange is in no state to answer. */
const UNAVAILABILITY: ReadonlySet<ExchangeErrorCode> = new Set(["ERR_UNAVAILABLE", "ERR_TIMEOUT", "ERR_NETWORK"]);

/** Says nothing about the exchange, so it must not end a probe well. */
const NO_EVIDENCE: ReadonlySet<ExchangeErrorCode> = new Set(["ERR_CANCELLED", "ERR_BUDGET_EXHAUSTED"]);

/** How long others are asked to wait while a probe is under way. */
const PROBE_MS = 1_000;

/** Settings of a {@linkcode Breaker}. */
export interface BreakerOptions {
  /**
   * Failures in a row that open it.
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

/**
 * The time for which a breaker stays open. cockatiel asks for `duration` at each call and measures it with `Date.now()`,
 * which may jump; so this one follows the injected clock and says "for ever" until its time is over.
 */
class Pause {
  endsAt = 0;
  readonly #pauseMs: number;
  readonly #now: () => number;

  constructor(pauseMs: number, now: () => number) {
    this.#pauseMs = pauseMs;
    this.#now = now;
  }

  get duration(): number {
    return this.leftMs > 0 ? Infinity : -Infinity;
  }

  get leftMs(): number {
    return Math.max(0, this.endsAt - this.#now());
  }

  /** Called whenever the breaker opens. */
  next(): Pause {
    this.endsAt = this.#now() + this.#pauseMs;
    return this;
  }
}

/** cockatiel's circuit breaker on a monotonic clock. */
export class Breaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #pause: Pause;

  constructor(options: BreakerOptions = {}) {
    const { failures = 5, pauseMs = 10_000, now = () => performance.now() } = options;
    this.#pause = new Pause(pauseMs, now);
    this.#policy = circuitBreaker(handleWhen((error) => this.#isFailure(error)), {
      halfOpenAfter: this.#pause,
      breaker: new ConsecutiveBreaker(failures),
    });
  }

  /** `half-open` while one call probes whether the exchange is back. */
  get state(): "closed" | "open" | "half-open" {
    if (this.#policy.state === CircuitState.Closed) return "closed";
    return this.#policy.state === CircuitState.HalfOpen ? "half-open" : "open";
  }

  /** Milliseconds for which calls are held back; 0 when the next one may go. */
  get openForMs(): number {
    if (this.state === "closed") return 0;
    return this.state === "half-open" ? PROBE_MS : this.#pause.leftMs;
  }

  /** Runs a call and takes note of how it ends; to be called only when `openForMs` is 0. */
  run<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    return this.#policy.execute(call);
  }

  #isFailure(error: unknown): boolean {
    if (!(error instanceof ExchangeError)) return false;
    return UNAVAILABILITY.has(error.code) || (this.state === "half-open" && NO_EVIDENCE.has(error.code));
  }
}

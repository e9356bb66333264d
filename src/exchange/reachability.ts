/**
 * Tracks whether the exchange answers: one warning when it stops, one line when it is back, however many calls notice.
 */

import { getLogger } from "../logging/logger.ts";
import { type ExchangeError, type ExchangeErrorCode } from "./errors.ts";

const log = getLogger(["luno-mcp-server", "exchange"]);

/** Errors that mean no usable answer came. */
const NO_ANSWER: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_NETWORK",
  "ERR_TIMEOUT",
  "ERR_UNAVAILABLE",
  "ERR_ANSWER_INVALID",
]);

/** Whether the exchange answers; all fields are `null` before the first call has ended. */
export interface ReachabilityStatus {
  readonly reachable: boolean | null;
  /** When this began; wall clock, milliseconds. */
  readonly since: number | null;
  /** Why it is unreachable: the message of the call that noticed. */
  readonly problem: string | null;
}

/** Settings of a {@linkcode Reachability}. */
export interface ReachabilityOptions {
  /** Host of the exchange, for the log. */
  readonly host: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly wallClock: () => number;
}

/** What the calls of one client show about the exchange. */
export class Reachability {
  readonly #options: ReachabilityOptions;
  #status: ReachabilityStatus = { reachable: null, since: null, problem: null };
  #answeredAt = -Infinity;
  #lostAt = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
  }

  /** The present status. */
  get status(): ReachabilityStatus {
    return this.#status;
  }

  /** Time since the last answer, in milliseconds; infinite before the first. */
  get silentForMs(): number {
    return this.#options.now() - this.#answeredAt;
  }

  /** The exchange itself has answered, possibly with a refusal. */
  answered(): void {
    const { host, now, wallClock } = this.#options;
    this.#answeredAt = now();
    if (this.#status.reachable === true) return;
    if (this.#status.reachable === false) {
      log.info("exchange reachable again", { host, unreachable_ms: Math.round(now() - this.#lostAt) });
    }
    this.#status = { reachable: true, since: wallClock(), problem: null };
  }

  /**
   * A call that began at `startedAt` (monotonic) failed after all its attempts. Ignored when another call was answered
   * meanwhile.
   */
  failed({ code, message }: Pick<ExchangeError, "code" | "message">, startedAt: number): void {
    if (!NO_ANSWER.has(code) || this.#answeredAt >= startedAt || this.#status.reachable === false) return;
    const { host, now, wallClock } = this.#options;
    this.#lostAt = now();
    this.#status = { reachable: false, since: wallClock(), problem: message };
    log.warning("exchange unreachable", { host, code, reason: message });
  }
}

/** Tells whether an error is an answer of the exchange itself. */
export function isAnswer({ status, code }: ExchangeError): boolean {
  return status !== undefined && status < 500 && code !== "ERR_ANSWER_INVALID";
}

/**
 * Whether the exchange answers, and since when: one warning when it stops, one line when it is back, however many calls
 * find that out.
 */

import { getLogger } from "../logging/logger.ts";
import { type ExchangeError, type ExchangeErrorCode } from "./errors.ts";

const log = getLogger(["luno-mcp-server", "exchange"]);

/** Says that no usable answer came. */
const NO_ANSWER: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_NETWORK",
  "ERR_TIMEOUT",
  "ERR_UNAVAILABLE",
  "ERR_ANSWER_INVALID",
]);

/** Whether the exchange answers; all `null` before the first call has ended. */
export interface ReachabilityStatus {
  readonly reachable: boolean | null;
  /** Since when; wall milliseconds. */
  readonly since: number | null;
  /** Why it cannot be reached: the sentence of the call that found out. */
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

/** What the calls of one client tell about the exchange. */
export class Reachability {
  readonly #options: ReachabilityOptions;
  #status: ReachabilityStatus = { reachable: null, since: null, problem: null };
  #answeredAt = -Infinity;
  #lostAt = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
  }

  /** How it stands. */
  get status(): ReachabilityStatus {
    return this.#status;
  }

  /** How long ago the last answer came, in milliseconds; infinite before the first. */
  get silentForMs(): number {
    return this.#options.now() - this.#answeredAt;
  }

  /** An answer came that the exchange alone can give, be it a refusal. */
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
   * A call that began at `startedAt` on the monotonic clock ended with this error, after all its attempts. It tells
   * nothing where others were answered meanwhile.
   */
  failed({ code, message }: Pick<ExchangeError, "code" | "message">, startedAt: number): void {
    if (!NO_ANSWER.has(code) || this.#answeredAt >= startedAt || this.#status.reachable === false) return;
    const { host, now, wallClock } = this.#options;
    this.#lostAt = now();
    this.#status = { reachable: false, since: wallClock(), problem: message };
    log.warning("exchange unreachable", { host, code, reason: message });
  }
}

/** Whether an error stands for an answer of the exchange itself. */
export function isAnswer({ status, code }: ExchangeError): boolean {
  return status !== undefined && status < 500 && code !== "ERR_ANSWER_INVALID";
}

/** Polls the real markets while orders wait in them. */

import { getLogger } from "../../logging/logger.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { StateError } from "../../state/state_error.ts";
import type { PaperExchange } from "./paper_exchange.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** Markets per poll, of two calls each, which leaves most of the exchange's budget to others. */
const PAIRS_PER_POLL = 2;

/** Polls the markets of one paper exchange that have waiting orders. */
export class Poller {
  readonly #exchange: PaperExchange;
  readonly #pauseMs: number;
  readonly #isShared: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  /** Whether orders may be waiting. */
  #isAwake = false;
  #isStopped = false;
  /** The pair that was polled last. */
  #last = "";

  /**
   * `pauseMs` is between the end of one poll and the start of the next. `isShared`: other servers may place waiting
   * orders without notice, so polling never stops.
   */
  constructor(exchange: PaperExchange, { pauseMs, isShared }: { pauseMs: number; isShared: boolean }) {
    this.#exchange = exchange;
    this.#pauseMs = pauseMs;
    this.#isShared = isShared;
  }

  /** Polls until no orders wait. */
  wake(): void {
    this.#isAwake = true;
    if (this.#isStopped || this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isAwake = false; // An order placed during the poll wakes it again.
      this.#running = this.#poll().then((isNeeded) => {
        this.#running = undefined;
        if (isNeeded || this.#isAwake) this.wake();
      });
    }, this.#pauseMs);
  }

  /** Stops polling; settles when the running poll has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Returns whether orders may be waiting; never fails. */
  async #poll(): Promise<boolean> {
    try {
      const pairs = await this.#exchange.ledger.livePairs();
      for (const pair of this.#next(pairs)) await this.#settle(pair);
      return this.#isShared || pairs.length > 0;
    } catch (error) {
      this.#report(error);
      return true;
    }
  }

  /** The next poll retries what this one could not read. */
  async #settle(pair: string): Promise<void> {
    this.#last = pair;
    try {
      await this.#exchange.settle(pair);
    } catch (error) {
      this.#report(error, pair);
    }
  }

  #report(error: unknown, pair?: string): void {
    if (this.#isStopped) return;
    if (error instanceof ExchangeError) {
      log.warning("cannot update paper orders without market data", { pair, code: error.code });
    } else if (error instanceof StateError && error.failure === "outdated") {
      this.#isStopped = true; // A newer program does it from now on.
      log.error("paper orders are no longer updated; restart this program", { reason: error.message });
    } else if (error instanceof StateError && error.failure === "busy") {
      log.warning("cannot update paper orders while another process locks them", { pair, code: error.code });
    } else log.error("cannot update paper orders", { pair, error });
  }

  /** The pairs after the last one, wrapping around at the end. */
  #next(pairs: readonly string[]): readonly string[] {
    const later = pairs.filter((pair) => pair > this.#last);
    return [...later, ...pairs.filter((pair) => pair <= this.#last)].slice(0, PAIRS_PER_POLL);
  }
}

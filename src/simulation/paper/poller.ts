/** Looks at the real markets now and then, as long as orders wait in them. */

import { getLogger } from "../../logging/logger.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { StateError } from "../../state/state_error.ts";
import type { PaperExchange } from "./paper_exchange.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** Markets that one poll looks at: two calls each, which leaves most of the exchange's budget to others. */
const PAIRS_PER_POLL = 2;

/** Polls the markets of one paper exchange in which orders wait. */
export class Poller {
  readonly #exchange: PaperExchange;
  readonly #pauseMs: number;
  readonly #isShared: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  /** Whether orders may wait. */
  #isAwake = false;
  #isStopped = false;
  /** The pair that was looked at last. */
  #last = "";

  /**
   * `pauseMs` lies between the end of one poll and the start of the next. `isShared`: orders may come to wait that nobody
   * tells of, so that it is asked for them for ever.
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
      this.#isAwake = false; // An order that comes during the poll wakes it again.
      this.#running = this.#poll().then((isNeeded) => {
        this.#running = undefined;
        if (isNeeded || this.#isAwake) this.wake();
      });
    }, this.#pauseMs);
  }

  /** Ends polling; settles when the running poll is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Answers whether orders may wait; never fails. */
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

  /** The next poll finds what this one could not see. */
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
      log.error("paper orders are updated no more; restart this program", { reason: error.message });
    } else if (error instanceof StateError && error.failure === "busy") {
      log.warning("cannot update paper orders while another process locks them", { pair, code: error.code });
    } else log.error("cannot update paper orders", { pair, error });
  }

  /** The pairs after the last one, beginning again after the end. */
  #next(pairs: readonly string[]): readonly string[] {
    const later = pairs.filter((pair) => pair > this.#last);
    return [...later, ...pairs.filter((pair) => pair <= this.#last)].slice(0, PAIRS_PER_POLL);
  }
}

/** Looks at the real markets now and then, as long as orders wait in them. */

import { getLogger } from "../../logging/logger.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { PaperExchange } from "./paper_exchange.ts";

const log = getLogger(["luno-mcp-server", "paper"]);

/** Markets that one poll looks at: two calls each, which leaves most of the exchange's budget to others. */
const PAIRS_PER_POLL = 2;

/** Polls the markets of one paper exchange in which orders wait. */
export class Poller {
  readonly #exchange: PaperExchange;
  readonly #pauseMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** The pair that was looked at last. */
  #last = "";

  /** `pauseMs` lies between the end of one poll and the start of the next. */
  constructor(exchange: PaperExchange, { pauseMs }: { pauseMs: number }) {
    this.#exchange = exchange;
    this.#pauseMs = pauseMs;
  }

  /** Polls while orders wait; does nothing when none waits. */
  wake(): void {
    if (this.#isStopped || this.#timer !== undefined || this.#running !== undefined) return;
    if (this.#exchange.store.orders.livePairs().length === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#poll().finally(() => {
        this.#running = undefined;
        this.wake();
      });
    }, this.#pauseMs);
  }

  /** Ends polling; settles when the running poll is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #poll(): Promise<void> {
    for (const pair of this.#next(this.#exchange.store.orders.livePairs())) {
      this.#last = pair;
      try {
        await this.#exchange.settle(pair);
      } catch (error) {
        if (this.#isStopped) return;
        // The next poll finds what this one could not see.
        const code = error instanceof ExchangeError ? error.code : undefined;
        if (code === undefined) log.error("cannot update paper orders", { pair, error });
        else log.warning("cannot update paper orders without market data", { pair, code });
      }
    }
  }

  /** The pairs after the last one, beginning again after the end. */
  #next(pairs: readonly string[]): readonly string[] {
    const later = pairs.filter((pair) => pair > this.#last);
    return [...later, ...pairs.filter((pair) => pair <= this.#last)].slice(0, PAIRS_PER_POLL);
  }
}

/** Checks the exchange while no client calls it, so that an operator learns of an outage before clients do. */

import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/exchange_port.ts";

/** The interval of the checks. */
const LOOK_EVERY_MS = 15_000;

/** The time since the last answer after which it is called; while it is unreachable, it is called at every check. */
const SILENCE_MS = 60_000;

/** Settings of an {@linkcode ExchangeWatch}. */
export interface ExchangeWatchOptions {
  readonly exchange: Pick<Exchange, "call" | "status">;
  /** Called after each check that called the exchange. */
  readonly asked: () => void;
}

/**
 * Requests at most one ticker per minute while the exchange answers; owns a timer from {@linkcode start} to {@linkcode
 * stop}.
 */
export class ExchangeWatch {
  readonly #options: ExchangeWatchOptions;
  readonly #stopping = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: ExchangeWatchOptions) {
    this.#options = options;
  }

  /** Checks at once, and from then on. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    void this.look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#looking;
  }

  /** Checks now. Never rejects: the client itself records the result of a call. */
  look(): Promise<void> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<void> {
    const { exchange, asked } = this.#options;
    const { silentForMs, reachability } = exchange.status();
    if (reachability.reachable === true && silentForMs < SILENCE_MS) return;
    try {
      await exchange.call("getTicker", { pair: "XBTZAR" }, { signal: this.#stopping.signal, fresh: true });
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
    }
    if (!this.#stopping.signal.aborted) asked();
  }
}

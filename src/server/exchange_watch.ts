/** Asks the exchange now and then while no client does, so that an operator learns of an outage before clients do. */

import { ExchangeError } from "../exchange/errors.ts";
import type { Exchange } from "../market/exchange_port.ts";

/** Between two looks. */
const LOOK_EVERY_MS = 15_000;

/** How long nobody needs to have been answered before it is asked; while it is unreachable it is asked at every look. */
const SILENCE_MS = 60_000;

/** Settings of an {@linkcode ExchangeWatch}. */
export interface ExchangeWatchOptions {
  readonly exchange: Pick<Exchange, "call" | "status">;
  /** Called after each look that asked. */
  readonly asked: () => void;
}

/** Asks for one ticker a minute at most while the exchange answers; a timer of its own from {@linkcode start} to {@linkcode stop}. */
export class ExchangeWatch {
  readonly #options: ExchangeWatchOptions;
  readonly #stopping = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: ExchangeWatchOptions) {
    this.#options = options;
  }

  /** Asks at once, and from then on. */
  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    void this.look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#looking;
  }

  /** Looks now. Never rejects: what a call tells is noted by the client itself. */
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

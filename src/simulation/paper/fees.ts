/** The fees of paper trading: the configured ones, else those of the real account, else the published ones. */

import { ExchangeError } from "../../exchange/errors.ts";
import { parseDecimal } from "../../money/decimals.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { Exchange } from "../../market/exchange_port.ts";
import { bothSides, type FeeRates, publishedFees } from "../../money/published_fees.ts";

/** Fees for every market as fractions: `"0.006"` is 0.6 %. */
export interface FixedFees {
  readonly maker: string;
  readonly taker: string;
}

/** Settings of {@linkcode Fees}. */
export interface FeesOptions {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** @default those of the real account */
  readonly fixed?: FixedFees | undefined;
}

/** The real fees change once a day. */
const FRESH_MS = 600_000;

/** How long the published fees are used when the real ones could not be read. */
const RETRY_MS = 30_000;

const MAX_KEPT = 1_000;

/** The fees of the markets. */
export class Fees {
  readonly #upstream: Pick<Exchange, "call">;
  readonly #options: FeesOptions;
  readonly #kept = new Map<string, { readonly rates: FeeRates; readonly freshUntil: number }>();

  /** @throws {RangeError} when a configured fee is not a decimal */
  constructor(upstream: Pick<Exchange, "call">, options: FeesOptions) {
    for (const rate of Object.values(options.fixed ?? {})) parseDecimal(rate);
    this.#upstream = upstream;
    this.#options = options;
  }

  /** The fees of one market; never fails. */
  async in(market: Market, signal?: AbortSignal): Promise<FeeRates> {
    const { fixed, monotonic } = this.#options;
    if (fixed !== undefined) return bothSides(fixed.maker, fixed.taker);
    const pair = market.market_id;
    const kept = this.#kept.get(pair);
    if (kept !== undefined && monotonic() < kept.freshUntil) return kept.rates;
    const { rates, forMs } = await this.#read(market, signal);
    this.#kept.delete(pair);
    this.#kept.set(pair, { rates, freshUntil: monotonic() + forMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return rates;
  }

  async #read(market: Market, signal: AbortSignal | undefined): Promise<{ rates: FeeRates; forMs: number }> {
    try {
      return {
        rates: await this.#upstream.call("getFeeInfo", { pair: market.market_id }, { signal }),
        forMs: FRESH_MS,
      };
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      const { base_currency: base, counter_currency: counter } = market;
      return { rates: publishedFees({ base, counter }), forMs: error.retryable ? RETRY_MS : FRESH_MS };
    }
  }
}

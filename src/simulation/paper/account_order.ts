/**
 * The order in which paper accounts are listed: currencies of the real account first, because readers of a balance take
 * the first fiat currency for the one that its owner counts in. Without a real account it is the order of the opening
 * balances.
 */

import { ExchangeError } from "../../exchange/errors.ts";
import type { Exchange } from "../../market/exchange_port.ts";
import { INITIAL_BALANCES } from "./openings.ts";

/** Accounts are rarely opened. */
const FRESH_MS = 600_000;

/** How long the default order is used when the real one could not be read. */
const RETRY_MS = 30_000;

/** Settings of {@linkcode AccountOrder}. */
export interface AccountOrderOptions {
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** The order of currencies. */
export class AccountOrder {
  readonly #upstream: Pick<Exchange, "call">;
  readonly #monotonic: () => number;
  #kept: { readonly currencies: readonly string[]; readonly freshUntil: number } | undefined;

  constructor(upstream: Pick<Exchange, "call">, { monotonic }: AccountOrderOptions) {
    this.#upstream = upstream;
    this.#monotonic = monotonic;
  }

  /** Sorts items by currency; never fails. */
  async sort<Row extends { readonly currency: string }>(rows: readonly Row[], signal?: AbortSignal): Promise<Row[]> {
    const currencies = [...await this.#real(signal), ...Object.keys(INITIAL_BALANCES)];
    const place = ({ currency }: Row) => {
      const at = currencies.indexOf(currency);
      return at < 0 ? currencies.length : at;
    };
    return rows.toSorted((a, b) => place(a) - place(b));
  }

  async #real(signal: AbortSignal | undefined): Promise<readonly string[]> {
    const kept = this.#kept;
    if (kept !== undefined && this.#monotonic() < kept.freshUntil) return kept.currencies;
    const { currencies, forMs } = await this.#read(signal);
    this.#kept = { currencies, freshUntil: this.#monotonic() + forMs };
    return currencies;
  }

  async #read(signal: AbortSignal | undefined): Promise<{ currencies: readonly string[]; forMs: number }> {
    try {
      const { balance } = await this.#upstream.call("getBalances", {}, { signal });
      return { currencies: balance.map(({ asset }) => asset), forMs: FRESH_MS };
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return { currencies: [], forMs: error.retryable ? RETRY_MS : FRESH_MS };
    }
  }
}

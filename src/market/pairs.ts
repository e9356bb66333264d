/** The markets of the exchange, and the pairs and currencies that people name. */

import type { ExchangeClient } from "../exchange/client.ts";
import { abortable } from "../timing/deadline.ts";
import { Patience } from "../timing/patience.ts";
import type { Sleep } from "../timing/sleep.ts";
import { endpoints } from "../exchange/endpoints.ts";
import { ExchangeError, type ExchangeErrorCode } from "../exchange/errors.ts";
import { visibly } from "../text/visibly.ts";
import { cancelled } from "../exchange/failures.ts";
import { findCurrency, findPair, type Found, type NamedPair } from "../money/pair_names.ts";
import type { Market } from "../exchange/market_schemas.ts";

/** How long the old list is used after it could not be read again. */
const RETRY_AFTER_FAILURE_MS = 15_000;

/** Settings of {@linkcode Markets}. */
export interface MarketsOptions {
  /** Monotonic milliseconds. */
  now?: () => number;
  /**
   * How long a list is valid.
   *
   * @default {600_000}
   */
  ttlMs?: number;
  sleep?: Sleep;
}

/** Options of a lookup in {@linkcode Markets}. */
export interface LookupOptions {
  signal?: AbortSignal | undefined;
}

/** The part of {@linkcode Markets} that readers need. */
export type MarketLookup = Pick<Markets, "list" | "leftOut" | "resolve" | "resolveCurrency">;

interface Known {
  readonly markets: readonly Market[];
  readonly pairs: readonly (NamedPair & { readonly market: Market })[];
}

/**
 * The shared list of markets: many callers cost one request, and a caller that gives up does not affect the others.
 * When it cannot be read again, the old one stays in use.
 */
export class Markets {
  readonly #client: Pick<ExchangeClient, "call">;
  readonly #now: () => number;
  readonly #ttlMs: number;
  #known: Known | undefined;
  #leftOut = 0;
  #freshUntil = -Infinity;
  #asOfMs = -Infinity;
  #isLapsed = false;
  #loading: Promise<Known> | undefined;
  readonly #patience: Patience;

  constructor(client: Pick<ExchangeClient, "call">, options: MarketsOptions = {}) {
    this.#client = client;
    this.#now = options.now ?? (() => performance.now());
    this.#ttlMs = options.ttlMs ?? 600_000;
    this.#patience = new Patience({ now: this.#now, sleep: options.sleep });
  }

  /**
   * All markets.
   *
   * @throws {ExchangeError} when they were never read and cannot be read now
   */
  async list(options: LookupOptions = {}): Promise<readonly Market[]> {
    return (await this.#read(options)).markets;
  }

  /** When the list becomes invalid; monotonic milliseconds. */
  get staleAtMs(): number {
    return this.#freshUntil;
  }

  /** When the exchange returned it; monotonic milliseconds. */
  get asOfMs(): number {
    return this.#asOfMs;
  }

  /** Whether it could not be read again, so that the old one is in use. */
  get isLapsed(): boolean {
    return this.#isLapsed;
  }

  /** The number of unreadable markets, which the list omits. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * The market that a text names, such as `BTC/ZAR`, `btc-zar` or `XBTZAR`.
   *
   * @throws {ExchangeError} `ERR_PAIR_UNKNOWN`, with the nearest pairs as `suggestions`
   */
  async resolve(text: string, options: LookupOptions = {}): Promise<Market> {
    return this.#valueOf("pair", text, findPair(text, (await this.#read(options)).pairs)).market;
  }

  /** The market that a text names; `undefined` when there is none, or the list must be read first. */
  peek(text: string): Market | undefined {
    if (this.#known === undefined || this.#now() >= this.#freshUntil) return undefined;
    const found = findPair(text, this.#known.pairs);
    return found.ok ? found.value.market : undefined;
  }

  /**
   * Luno's code of the currency that a text names: `btc` and `Bitcoin` are `XBT`.
   *
   * @throws {ExchangeError} `ERR_CURRENCY_UNKNOWN`, with the nearest codes as `suggestions`
   */
  async resolveCurrency(text: string, options: LookupOptions = {}): Promise<string> {
    return this.#valueOf("currency", text, findCurrency(text, (await this.#read(options)).pairs));
  }

  async #read({ signal }: LookupOptions): Promise<Known> {
    if (signal?.aborted) throw cancelled(endpoints.getMarkets, "none");
    if (this.#known !== undefined && this.#now() < this.#freshUntil) return this.#known;
    this.#loading ??= this.#load().finally(() => this.#loading = undefined);
    const known = this.#known === undefined ? this.#loading : this.#soon(this.#known, this.#loading);
    return await abortable(known, signal, () => cancelled(endpoints.getMarkets, "none"));
  }

  /** The new list, or the old one if the exchange is slow. */
  async #soon(known: Known, loading: Promise<Known>): Promise<Known> {
    const loaded = await this.#patience.wait("markets", loading);
    if (loaded !== undefined) return loaded;
    // Callers that come while it is still loading do not wait for it.
    if (this.#loading === loading) this.#lapse();
    return this.#known ?? known;
  }

  #lapse(): void {
    this.#freshUntil = this.#now() + RETRY_AFTER_FAILURE_MS;
    this.#isLapsed = true;
  }

  #valueOf<Value>(kind: "pair" | "currency", text: string, found: Found<Value>): Value {
    if (found.ok) return found.value;
    const { suggestions } = found;
    const written = visibly(JSON.stringify(text.slice(0, 40)));
    const hint = suggestions.length === 0 ? "see the list of markets" : `nearest are ${suggestions.join(", ")}`;
    const unread = this.#leftOut === 0 ? "" : ` (${this.#leftOut} of the exchange's markets cannot be read)`;
    throw new ExchangeError(`Cannot find ${kind} ${written} as no market has it: ${hint}${unread}`, {
      code: UNKNOWN_CODE[kind],
      suggestions,
    });
  }

  async #load(): Promise<Known> {
    try {
      const { markets, left_out } = await this.#client.call("getMarkets", {});
      this.#leftOut = left_out;
      this.#asOfMs = this.#now();
      this.#isLapsed = false;
      // An exchange without markets is starting up or failing: ask again next time.
      this.#freshUntil = markets.length === 0 ? -Infinity : this.#now() + this.#ttlMs;
      return this.#known = { markets, pairs: markets.map((market) => ({ ...namedPair(market), market })) };
    } catch (error) {
      if (this.#known === undefined) throw error;
      this.#lapse();
      return this.#known;
    }
  }
}

/** A market by the names that people use for it. */
export function namedPair({ market_id, base_currency, counter_currency }: Market): NamedPair {
  return { id: market_id, base: base_currency, counter: counter_currency };
}

const UNKNOWN_CODE: Readonly<Record<"pair" | "currency", ExchangeErrorCode>> = {
  pair: "ERR_PAIR_UNKNOWN",
  currency: "ERR_CURRENCY_UNKNOWN",
};

/**
 * Reads that many callers share: a caller that requests what another is already requesting waits for the same answer.
 * Public data is reused for a second, as the exchange allows; closed candles are kept.
 *
 * Account data is shared within one identity only, through its own {@linkcode SharedReads.as view}, and forgotten when
 * an order is sent. Writes, and reads that ask for a fresh answer, go straight through.
 */

import type { CallOptions, ExchangeClient } from "../exchange/client.ts";
import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import { cancelled } from "../exchange/failures.ts";
import { CandleHistory } from "./candle_history.ts";
import type { Exchange, ExchangeCallOptions, ReadingExchange } from "./exchange_port.ts";
import { ReadTable } from "./read_table.ts";
import type { Reading } from "./reading.ts";
import { SavedCalls } from "./saved_calls.ts";

/** How long an answer is reused; the `cache-control` of public data. */
const FRESH_MS = 1_000;

const MAX_PUBLIC_BYTES = 16 * 1_048_576;
const MAX_PRIVATE_BYTES = 4 * 1_048_576;

/** Account data that is reused for as long as public data; all other account data is read each time. */
const KEPT_OF_ACCOUNTS: ReadonlySet<EndpointName> = new Set(["getBalances", "getFeeInfo"]);

/**
 * A source of one market endpoint's answers: `ask` asks the exchange, shared between callers. A source with better
 * data, such as a stream, answers without it.
 */
export type MarketSource<Name extends EndpointName> = (
  params: ParamsOf<Name>,
  ask: (params: ParamsOf<Name>) => Promise<Reading<AnswerOf<Name>>>,
  how: { readonly showsAge: boolean },
) => Promise<Reading<AnswerOf<Name>>>;

type Sources = { readonly [Name in EndpointName]?: MarketSource<Name> };

/** Sources by endpoint; the exchange itself when there is none. */
export type MarketSources = Sources & Pick<ReadingExchange, "bookAtHand">;

/** Account data that the exchange pushes. */
export interface AccountTold {
  /**
   * An answer that does not lag behind what was pushed.
   *
   * @throws {ExchangeError} as `ask` does
   */
  upToDate<Name extends EndpointName>(read: {
    readonly name: Name;
    readonly params: ParamsOf<Name>;
    readonly ask: () => Promise<AnswerOf<Name>>;
    readonly signal: AbortSignal;
  }): Promise<AnswerOf<Name>>;
}

/** Settings of {@linkcode SharedReads}. */
export interface SharedReadsOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly wallClock?: () => number;
  /** @default none */
  readonly sources?: MarketSources;
  /** @default nothing is pushed */
  readonly account?: AccountTold | undefined;
}

/** An exchange client that combines equal reads. */
export class SharedReads implements ReadingExchange {
  /** Counts reads that needed no call; callers that cache results count here too. */
  readonly saved = new SavedCalls();
  readonly #client: ExchangeClient;
  readonly #now: () => number;
  readonly #public: ReadTable;
  readonly #private: ReadTable;
  readonly #sources: Sources;
  readonly #bookAtHand: MarketSources["bookAtHand"];
  readonly #account: AccountTold | undefined;

  constructor(client: ExchangeClient, { now, wallClock = Date.now, sources = {}, account }: SharedReadsOptions) {
    this.#client = client;
    this.#account = account;
    this.#now = now;
    const { saved } = this;
    this.#public = new ReadTable({ now, maxBytes: MAX_PUBLIC_BYTES, saved });
    this.#private = new ReadTable({ now, maxBytes: MAX_PRIVATE_BYTES, saved });
    const history = new CandleHistory({ now, wallClock });
    const { bookAtHand, ...others } = sources;
    const { getCandles = (params, ask) => ask(params) } = others;
    this.#bookAtHand = bookAtHand;
    this.#sources = {
      ...others,
      getCandles: (params, ask, how) => getCandles(params, (params) => history.read(params, ask), how),
    };
  }

  get hasCredentials(): boolean {
    return this.#client.hasCredentials;
  }

  status(): ReturnType<ExchangeClient["status"]> {
    return this.#client.status();
  }

  reserve(...call: Parameters<ExchangeClient["reserve"]>): ReturnType<ExchangeClient["reserve"]> {
    return this.#client.reserve(...call);
  }

  async call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: ExchangeCallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const { answer, lapsed } = await this.read(name, params, options);
    if (lapsed !== undefined) throw lapsed;
    return answer;
  }

  async read<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: ExchangeCallOptions = {},
  ): Promise<Reading<AnswerOf<Name>>> {
    return isMarketData(name) && options.fresh !== true
      ? await this.#readMarket(name, params, options)
      : await this.#passThrough(name, params, options);
  }

  bookAtHand(pair: string): Reading<AnswerOf<"getOrderBook">> | undefined {
    const reading = this.#bookAtHand?.(pair);
    if (reading !== undefined) this.saved.add("stream");
    return reading;
  }

  /** The exchange as one identity reads it: account data is shared within that identity. */
  as(identity: string): Exchange {
    return new IdentityReads(this, identity);
  }

  /** The account has changed: earlier reads are not reused. */
  forgetAccount(): void {
    this.#private.clear();
  }

  /** A read through {@linkcode SharedReads.as}. */
  async readAs<Name extends EndpointName>(
    identity: string,
    { name, params, options }: {
      readonly name: Name;
      readonly params: ParamsOf<Name>;
      readonly options: ExchangeCallOptions;
    },
  ): Promise<Reading<AnswerOf<Name>>> {
    const isOwn = !isMarketData(name) && endpoints[name].method === "GET" && options.fresh !== true;
    if (!isOwn) return await this.read(name, params, options);
    const { fresh: _fresh, showsAge: _showsAge, signal, ...rest } = options;
    return await this.#private.read({
      key: JSON.stringify([identity, name, params, rest.priority]),
      ask: (signal) => this.#askAccount(name, params, { ...rest, signal }),
      freshMs: KEPT_OF_ACCOUNTS.has(name) ? FRESH_MS : 0,
      ...whoGivesUp(name, signal),
    });
  }

  async #askAccount<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: CallOptions & { readonly signal: AbortSignal },
  ): Promise<AnswerOf<Name>> {
    const ask = () => this.#client.call(name, params, options);
    return await (this.#account?.upToDate({ name, params, ask, signal: options.signal }) ?? ask());
  }

  async #readMarket<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    { signal, showsAge = false }: ExchangeCallOptions,
  ): Promise<Reading<AnswerOf<Name>>> {
    if (signal?.aborted) throw cancelled(endpoints[name], "none");
    let isAsked = false;
    const ask = (params: ParamsOf<Name>) => {
      isAsked = true;
      return this.#public.read({
        key: `${name} ${JSON.stringify(params)}`,
        ask: (signal) => this.#client.call(name, params, { signal }),
        freshMs: FRESH_MS,
        ...whoGivesUp(name, signal),
      });
    };
    const source: MarketSource<Name> | undefined = this.#sources[name];
    if (source === undefined) return await ask(params);
    const reading = await source(params, ask, { showsAge });
    if (!isAsked) this.saved.add(reading.source === "stream" ? "stream" : "cache");
    return reading;
  }

  async #passThrough<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    { fresh: _fresh, showsAge: _showsAge, ...options }: ExchangeCallOptions,
  ): Promise<Reading<AnswerOf<Name>>> {
    const isWrite = endpoints[name].method !== "GET";
    if (isWrite) this.#private.clear();
    try {
      const answer = await this.#client.call(name, params, options);
      const asOfMs = this.#now();
      return { answer, source: "exchange", asOfMs, staleAtMs: asOfMs };
    } finally {
      // A read that began before the exchange processed the order may not show it.
      if (isWrite) this.#private.clear();
    }
  }
}

/** One identity's view of {@linkcode SharedReads}. */
class IdentityReads implements Exchange {
  readonly #shared: SharedReads;
  readonly #identity: string;

  constructor(shared: SharedReads, identity: string) {
    this.#shared = shared;
    this.#identity = identity;
  }

  get hasCredentials(): boolean {
    return this.#shared.hasCredentials;
  }

  status(): ReturnType<Exchange["status"]> {
    return this.#shared.status();
  }

  reserve(...call: Parameters<Exchange["reserve"]>): ReturnType<Exchange["reserve"]> {
    return this.#shared.reserve(...call);
  }

  async call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options: ExchangeCallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const { answer, lapsed } = await this.#shared.readAs(this.#identity, { name, params, options });
    if (lapsed !== undefined) throw lapsed;
    return answer;
  }
}

/** Public data, which the exchange returns alike for all keys. */
export function isMarketData(name: EndpointName): boolean {
  return endpoints[name].priority === "market";
}

function whoGivesUp(name: EndpointName, signal: AbortSignal | undefined) {
  return { signal, cancelled: () => cancelled(endpoints[name], "none") };
}

/**
 * Public reads that many callers share: who asks what another one is just asking waits for the same answer, and an
 * answer is passed on for a second, which is as fresh as the exchange's own public data is.
 *
 * Whatever needs a key, and every write, goes straight through.
 */

import type { ExchangeClient } from "../exchange/client.ts";
import { abortable } from "../timing/deadline.ts";
import { endpoints } from "../exchange/endpoints.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import { cancelled } from "../exchange/failures.ts";
import type { Exchange, ExchangeCallOptions } from "./exchange_port.ts";

/** How long an answer is passed on; what `cache-control` says of public data. */
const FRESH_MS = 1_000;

/** Answers that are kept; the oldest go first. */
const MAX_ANSWERS = 500;

interface SharedRead {
  readonly answer: Promise<unknown>;
  readonly abandon: AbortController;
  waiting: number;
  /** Monotonic; infinite while the answer is on its way. */
  staleAtMs: number;
}

/** An exchange client behind which equal public reads are one. */
export class SharedReads implements Exchange {
  readonly #client: ExchangeClient;
  readonly #now: () => number;
  readonly #reads = new Map<string, SharedRead>();

  /** `now` is monotonic milliseconds. */
  constructor(client: ExchangeClient, options: { now: () => number }) {
    this.#client = client;
    this.#now = options.now;
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
    { fresh = false, ...options }: ExchangeCallOptions = {},
  ): Promise<AnswerOf<Name>> {
    if (fresh || endpoints[name].permission !== "none") return await this.#client.call(name, params, options);
    const { signal } = options;
    if (signal?.aborted) throw cancelled(endpoints[name], "none");
    return await this.#share(name, params, signal);
  }

  async #share<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    signal: AbortSignal | undefined,
  ): Promise<AnswerOf<Name>> {
    const key = `${name} ${JSON.stringify(params)}`;
    const read = this.#fresh(key) ?? this.#start(key, (signal) => this.#client.call(name, params, { signal }));
    read.waiting++;
    try {
      const answer = await abortable(read.answer, signal, () => cancelled(endpoints[name], "none"));
      return answer as AnswerOf<Name>;
    } finally {
      read.waiting--;
      if (read.waiting === 0 && read.staleAtMs === Infinity) this.#abandon(key, read);
    }
  }

  #fresh(key: string): SharedRead | undefined {
    const read = this.#reads.get(key);
    return read !== undefined && this.#now() < read.staleAtMs ? read : undefined;
  }

  #start(key: string, ask: (signal: AbortSignal) => Promise<unknown>): SharedRead {
    const abandon = new AbortController();
    const read: SharedRead = { answer: ask(abandon.signal), abandon, waiting: 0, staleAtMs: Infinity };
    this.#reads.delete(key);
    this.#reads.set(key, read);
    read.answer.then(
      () => read.staleAtMs = this.#now() + FRESH_MS,
      () => this.#forget(key, read),
    );
    const [oldest] = this.#reads.keys();
    if (this.#reads.size > MAX_ANSWERS && oldest !== undefined) this.#reads.delete(oldest);
    return read;
  }

  /** Nobody waits any more: the request ends, and nobody may join it. */
  #abandon(key: string, read: SharedRead): void {
    this.#forget(key, read);
    read.abandon.abort();
  }

  #forget(key: string, read: SharedRead): void {
    if (this.#reads.get(key) === read) this.#reads.delete(key);
  }
}

/**
 * The markets that are being read. Each has one stream, whatever the number of readers: it begins with the first reader
 * and ends a while after the last. The number of streams is bounded.
 */

import type {
  MarketFeed,
  MarketFeedOptions,
  MarketFeeds,
  MarketFeedStatus,
} from "../../exchange/stream/market_feed.ts";
import { MarketStream } from "../../exchange/stream/market_stream.ts";
import type { StreamParts } from "../../exchange/stream/stream_link.ts";
import { LiveMarket, type MarketTopic } from "./live_market.ts";

/** Settings of {@linkcode LiveMarkets}. */
export interface LiveMarketsOptions extends StreamParts {
  /** Milliseconds since the Unix epoch. */
  readonly wallClock: () => number;
  /**
   * Feeds shared between servers.
   *
   * @default each pair has its own stream
   */
  readonly feeds?: MarketFeeds | undefined;
  /** @default 20, which leaves sessions of the key to other programs */
  readonly maxPairs?: number;
}

/** The state of one pair's stream. */
export interface LiveMarketStatus extends Omit<MarketFeedStatus, "snapshots"> {
  readonly pair: string;
  readonly watchers: number;
}

/** Notified of what changed; must not throw. */
export type MarketWatcher = (topics: readonly MarketTopic[]) => void;

/** How long a stream without readers stays open. */
const LINGER_MS = 120_000;

/** Interval of the check for streams without readers. */
const SWEEP_MS = 15_000;

/** How long to wait after the exchange refused a stream. */
const REFUSED_MS = 600_000;

interface Followed {
  readonly pair: string;
  readonly stream: MarketFeed;
  readonly market: LiveMarket;
  readonly watchers: Set<MarketWatcher>;
  readAt: number;
}

/** Every followed market. */
export class LiveMarkets {
  readonly #options: LiveMarketsOptions;
  readonly #maxPairs: number;
  readonly #followed = new Map<string, Followed>();
  readonly #refusedAt = new Map<string, number>();
  readonly #closing = new AbortController();
  #refusedKeyAt = -Infinity;
  #ending: Promise<unknown> = Promise.resolve();
  #isSweeping = false;

  constructor(options: LiveMarketsOptions) {
    this.#options = options;
    this.#maxPairs = options.maxPairs ?? 20;
  }

  /**
   * A market for reading; opens its stream if there is none, whose data may take a moment to arrive. `undefined` when
   * no stream is possible: too many pairs, or the exchange refuses it.
   */
  read(pair: string): LiveMarket | undefined {
    const followed = this.#follow(pair);
    if (followed !== undefined) followed.readAt = this.#options.now();
    return followed?.market;
  }

  /** A market that is already followed; does not count as reading it. */
  peek(pair: string): LiveMarket | undefined {
    return this.#followed.get(pair)?.market;
  }

  /**
   * Follows a market until the returned value is disposed of, and reports its changes, including loss and recovery of
   * the stream. `undefined` when no stream is possible.
   */
  watch(pair: string, watcher: MarketWatcher): Disposable | undefined {
    const followed = this.#follow(pair);
    if (followed === undefined) return undefined;
    // The same function may watch twice.
    const own: MarketWatcher = (topics) => watcher(topics);
    followed.watchers.add(own);
    return {
      [Symbol.dispose]: () => {
        followed.watchers.delete(own);
        followed.readAt = this.#options.now();
      },
    };
  }

  /** The state of each stream, by pair. */
  get status(): readonly LiveMarketStatus[] {
    return [...this.#followed.values()].map(({ pair, stream, watchers }) => {
      const { snapshots: _snapshots, ...status } = stream.status;
      return { pair, ...status, watchers: watchers.size };
    });
  }

  /** Lets other servers read the exchange's streams for all, if they are shared. */
  async handOver(): Promise<void> {
    await this.#options.feeds?.handOver();
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const followed of [...this.#followed.values()]) this.#end(followed);
    await this.#ending;
    this.#options.feeds?.close();
  }

  #follow(pair: string): Followed | undefined {
    const known = this.#followed.get(pair);
    if (known !== undefined) return known;
    if (this.#closing.signal.aborted || this.#isRefused(pair)) return undefined;
    if (this.#followed.size >= this.#maxPairs && !this.#endIdlest()) return undefined;
    const { now, wallClock } = this.#options;
    const watchers = new Set<MarketWatcher>();
    const tell = (topics: readonly MarketTopic[]): void => {
      if (topics.length === 0) return;
      for (const watcher of watchers) watcher(topics);
    };
    const stream = this.#open({
      pair,
      changed: (change) => {
        market.take(change);
        if (watchers.size > 0) tell(market.topicsOf(change));
      },
      lost: () => {
        market.lose();
        tell(EVERY_TOPIC);
        if (stream.refusal !== undefined) this.#refused(pair, stream.refusal.code);
      },
    });
    const market = new LiveMarket({ pair, stream, now, wallClock });
    const followed = { pair, stream, market, watchers, readAt: now() };
    this.#followed.set(pair, followed);
    if (!this.#isSweeping) void this.#sweep();
    return followed;
  }

  #open(options: MarketFeedOptions): MarketFeed {
    return this.#options.feeds?.open(options) ?? new MarketStream({ ...this.#options, ...options });
  }

  #isRefused(pair: string): boolean {
    const since = this.#options.now() - REFUSED_MS;
    return this.#refusedKeyAt > since || (this.#refusedAt.get(pair) ?? -Infinity) > since;
  }

  /** A refused pair stays refused for a while; refused credentials affect every pair. */
  #refused(pair: string, code: string): void {
    const now = this.#options.now();
    for (const [known, at] of this.#refusedAt) if (at <= now - REFUSED_MS) this.#refusedAt.delete(known);
    if (code === "invalid_credentials") this.#refusedKeyAt = now;
    else this.#refusedAt.set(pair, now);
    const followed = this.#followed.get(pair);
    if (followed !== undefined) this.#end(followed);
  }

  /** Makes room by ending the stream that was not read for longest, unless it is watched or was just read. */
  #endIdlest(): boolean {
    const idle = [...this.#followed.values()].filter(({ watchers, readAt }) =>
      watchers.size === 0 && this.#options.now() - readAt >= SWEEP_MS
    );
    const [idlest] = idle.sort((one, other) => one.readAt - other.readAt);
    if (idlest !== undefined) this.#end(idlest);
    return idlest !== undefined;
  }

  #end(followed: Followed): void {
    this.#followed.delete(followed.pair);
    followed.market.lose();
    const ended = followed.stream.close();
    this.#ending = Promise.all([this.#ending, ended]);
  }

  /** Ends streams that were not read for a while; runs as long as there is one. */
  async #sweep(): Promise<void> {
    this.#isSweeping = true;
    const { sleep, now } = this.#options;
    while (this.#followed.size > 0 && !this.#closing.signal.aborted) {
      await sleep(SWEEP_MS, this.#closing.signal).catch(() => {});
      for (const followed of [...this.#followed.values()]) {
        if (followed.watchers.size === 0 && now() - followed.readAt >= LINGER_MS) this.#end(followed);
      }
    }
    this.#isSweeping = false;
  }
}

const EVERY_TOPIC: readonly MarketTopic[] = ["ticker", "orderbook", "trades", "candles"];

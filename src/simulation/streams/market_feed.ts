/**
 * The market stream of one market: the published book, and the updates that lead from it to the present book. At every
 * sequence number that a reader can see, the published book equals the one over REST.
 */

import type { Match } from "../engine/matching_engine.ts";
import type { TradedMarket, TradingStatus } from "../engine/market.ts";
import type { Exchange } from "../exchange.ts";
import type { SequencedTrade, Tape } from "../model/market_data.ts";
import { hash32, seedFor } from "../random.ts";
import { printSnapshot, printUpdate, type PublishedOrder, type Update } from "./market_frames.ts";

/** Parts of a feed. */
export interface FeedParts {
  readonly exchange: Pick<Exchange, "advance" | "bookAt" | "orders">;
  readonly tape: Pick<Tape, "trades">;
  readonly seed: number;
}

/** The position of a feed; when it is reopened its counters continue. */
export interface FeedPlace {
  readonly market: TradedMarket;
  readonly status: TradingStatus;
  readonly nowMs: number;
}

/** An empty update is published at least every five minutes, however quiet the market. */
const EMPTY_EVERY_MS = 300_000;

/** Initial sequences are from here up to 2 % higher. */
const LOWEST_SEQUENCE = 4_500_000_000;

/** The feed of one market, while it has readers. */
export class MarketFeed {
  readonly #parts: FeedParts;
  readonly #market: TradedMarket;
  readonly #status: TradingStatus;
  /** In the order of publication; equal prices in order of arrival. */
  readonly #published = new Map<string, PublishedOrder>();
  readonly #matches = new Map<number, Match>();
  #sequence: number;
  #lastTrade = 0;
  #nowMs: number;
  #changes = -1;
  #made = 0;

  /** Opens the feed with the book of `nowMs`; `sequence` is its position when it was last open. */
  constructor(parts: FeedParts, { market, status, nowMs, sequence }: FeedPlace & { readonly sequence?: number }) {
    this.#parts = parts;
    this.#market = market;
    this.#status = status;
    this.#nowMs = nowMs;
    const seed = seedFor(parts.seed, `stream/${market.id}`);
    this.#sequence = sequence === undefined ? LOWEST_SEQUENCE + seed % 90_000_000 : sequence + 1;
    parts.exchange.advance(nowMs);
    this.#lastTrade = this.#tradesSince(nowMs - EMPTY_EVERY_MS)[0]?.sequence ?? 0;
    for (const order of this.#standing()) this.#published.set(order.id, order);
    this.#changes = parts.exchange.orders.changesIn(market.id);
  }

  /** The sequence of the latest update. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The whole published book, as the first message of a connection. */
  snapshot(): string {
    return printSnapshot(this.#market, {
      sequence: this.#sequence,
      orders: [...this.#published.values()],
      status: this.#status,
      timestamp: this.#nowMs,
    });
  }

  /** Takes a trade with an own order before it is published. */
  note(match: Match): void {
    this.#matches.set(match.sequence, match);
  }

  /** The updates up to `nowMs`, and `extra` ones that leave the book unchanged. */
  advance(nowMs: number, extra = 0): string[] {
    const { exchange } = this.#parts;
    exchange.advance(nowMs);
    const changes = exchange.orders.changesIn(this.#market.id);
    if (nowMs === this.#nowMs && changes === this.#changes && extra === 0) return [];
    const sinceMs = this.#nowMs;
    this.#nowMs = nowMs;
    const isSameBook = changes === this.#changes && Math.floor(nowMs / 1000) === Math.floor(sinceMs / 1000);
    const updates = [
      ...this.#tradesSince(sinceMs).reverse().flatMap((trade) => this.#publishTrade(trade)),
      ...(isSameBook ? [] : this.#publishBook()),
      ...this.#publishExtra(extra),
    ];
    if (Math.floor(nowMs / EMPTY_EVERY_MS) > Math.floor(sinceMs / EMPTY_EVERY_MS)) updates.push({});
    if (updates.length > 0) exchange.orders.noteChange(this.#market.id);
    this.#changes = exchange.orders.changesIn(this.#market.id);
    return updates.map((update) =>
      printUpdate(this.#market, { timestamp: nowMs, ...update, sequence: ++this.#sequence })
    );
  }

  /** Trades that were not published yet, newest first. */
  #tradesSince(sinceMs: number): SequencedTrade[] {
    const found = this.#parts.tape.trades(this.#market.id, { fromMs: sinceMs, toMs: this.#nowMs, limit: Infinity });
    return found.filter(({ sequence }) => sequence > this.#lastTrade);
  }

  /**
   * Publishes a trade and its prerequisites: its maker must be in the published book. The model's trades happen at its
   * best price and leave its orders unchanged, so each brings its own maker, which is used up at once. Orders that such
   * a maker would cross are removed for that moment, as readers must never see a crossed book.
   */
  #publishTrade({ sequence, timestamp, price, volume, isBuy }: SequencedTrade): Partial<Update>[] {
    const match = this.#matches.get(sequence);
    this.#matches.delete(sequence);
    this.#lastTrade = sequence;
    const side = isBuy ? "SELL" : "BUY";
    const known = match === undefined ? undefined : this.#published.get(match.makerId);
    const takerId = match?.takerId ?? this.#makeId();
    if (known !== undefined && known.side === side && known.price === price && known.volume >= volume) {
      if (known.volume > volume) this.#published.set(known.id, { ...known, volume: known.volume - volume });
      else this.#published.delete(known.id);
      return [{ timestamp, trades: [{ sequence, maker: known, takerId, volume }] }];
    }
    const maker: PublishedOrder = { id: this.#makeId(), side, price, volume };
    const aside = [...this.#published.values()].filter((order) =>
      order.side !== side && (side === "SELL" ? order.price >= price : order.price <= price)
    );
    return [
      ...aside.map(({ id }) => ({ deleted: id })),
      { created: maker },
      { timestamp, trades: [{ sequence, maker, takerId, volume }] },
      ...aside.map((created) => ({ created })),
    ];
  }

  /** Removals first, then additions: the book is never crossed in between. */
  #publishBook(): Partial<Update>[] {
    const standing = new Map(this.#standing().map((order) => [order.id, order]));
    const updates: Partial<Update>[] = [];
    for (const known of this.#published.values()) {
      const now = standing.get(known.id);
      if (now?.volume === known.volume && now.price === known.price) continue;
      this.#published.delete(known.id);
      updates.push({ deleted: known.id });
    }
    for (const order of standing.values()) {
      if (this.#published.has(order.id)) continue;
      this.#published.set(order.id, order);
      updates.push({ created: order });
    }
    return updates;
  }

  /** Orders behind the best price that appear and disappear. */
  #publishExtra(count: number): Partial<Update>[] {
    const [best] = [...this.#published.values()].filter(({ side }) => side === "SELL");
    if (best === undefined) return [];
    return Array.from({ length: Math.ceil(count / 2) }, (_, index) => {
      const created: PublishedOrder = { id: this.#makeId(), side: "SELL", price: best.price + index % 50, volume: 1 };
      return [{ created }, { deleted: created.id }];
    }).flat().slice(0, count - count % 2);
  }

  #standing(): PublishedOrder[] {
    const { bids, asks } = this.#parts.exchange.bookAt(this.#market, this.#nowMs);
    return [
      ...asks.map(({ id, price, volume }) => ({ id, side: "SELL" as const, price, volume })),
      ...bids.map(({ id, price, volume }) => ({ id, side: "BUY" as const, price, volume })),
    ];
  }

  /** A unique id for an order of somebody else, distinct from those of the book. */
  #makeId(): string {
    const seed = seedFor(this.#parts.seed, `stream orders/${this.#market.id}`);
    const count = ++this.#made;
    const draw = hash32(seed, this.#sequence % 4_294_967_296 + count).toString(36).toUpperCase().padStart(7, "0");
    return `BX${count.toString(36).toUpperCase().padStart(6, "0")}${draw}`;
  }
}

/** The real book of one moment as a source of liquidity. */

import type { Liquidity, Take } from "../engine/liquidity.ts";
import type { TradedMarket } from "../engine/market.ts";
import type { RestingOrder, Side } from "../engine/matching.ts";
import type { AccountMarket } from "./paper_orders.ts";
import { asResting, type Level, type RealBook } from "./real_book.ts";
import type { PaperStore } from "./paper_store.ts";

/** What {@linkcode RealLiquidity} stands on. */
export interface RealLiquidityParts extends AccountMarket {
  readonly store: Pick<PaperStore, "accounts" | "taken">;
  /** `null` where it plays no part. */
  readonly book: RealBook | null;
  readonly nowMs: number;
}

/** The real book of one moment, less what the identity took from it; an order on paper does not change it. */
export class RealLiquidity implements Liquidity {
  readonly ownTradesArePublic = false;
  readonly #parts: RealLiquidityParts;
  readonly #levels: Record<Side, readonly RestingOrder[]>;

  constructor(parts: RealLiquidityParts) {
    this.#parts = parts;
    const { book } = parts;
    this.#levels = { BUY: this.#left("BUY", book?.bids), SELL: this.#left("SELL", book?.asks) };
  }

  quotes(_market: TradedMarket, { side }: { readonly side: Side }): readonly RestingOrder[] {
    return this.#levels[side];
  }

  take(_market: TradedMarket, { side, price, lots, atMs }: Take): void {
    const { identity, market, store } = this.#parts;
    store.taken.take({ identity, market, side }, { price, volume: lots }, atMs);
    this.#levels[side] = this.#levels[side]
      .map((level) => level.price === price ? { ...level, volume: level.volume - lots } : level)
      .filter(({ volume }) => volume > 0);
  }

  /** Own trades on paper are counted for each identity. */
  record(): number {
    return this.#parts.store.accounts.nextSequence(this.#parts.identity);
  }

  #left(side: Side, levels: readonly Level[] | undefined): readonly RestingOrder[] {
    if (levels === undefined) return [];
    const { identity, market, store, nowMs } = this.#parts;
    store.taken.see({ identity, market, side }, levels, nowMs);
    return store.taken.remaining({ identity, market, side }, levels, nowMs).map(asResting);
  }
}

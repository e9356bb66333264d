/** The real book at one time as a source of liquidity. */

import type { Liquidity, Take } from "../engine/liquidity.ts";
import type { TradedMarket } from "../engine/market.ts";
import type { RestingOrder, Side } from "../engine/matching.ts";
import type { AccountState } from "./account_state.ts";
import { asResting, type Level, type RealBook } from "./real_book.ts";

/** Parts of {@linkcode RealLiquidity}. */
export interface RealLiquidityParts {
  readonly state: AccountState;
  /** `null` when it is not needed. */
  readonly book: RealBook | null;
}

/** The real book at one time, minus what the identity took from it, as paper orders do not change it. */
export class RealLiquidity implements Liquidity {
  readonly ownTradesArePublic = false;
  readonly #state: AccountState;
  readonly #levels: Record<Side, readonly RestingOrder[]>;

  constructor({ state, book }: RealLiquidityParts) {
    this.#state = state;
    this.#levels = { BUY: this.#left("BUY", book?.bids), SELL: this.#left("SELL", book?.asks) };
  }

  quotes(_market: TradedMarket, { side }: { readonly side: Side }): readonly RestingOrder[] {
    return this.#levels[side];
  }

  take(_market: TradedMarket, { side, price, lots }: Take): void {
    this.#state.taken.take(side, { price, volume: lots });
    this.#levels[side] = this.#levels[side]
      .map((level) => level.price === price ? { ...level, volume: level.volume - lots } : level)
      .filter(({ volume }) => volume > 0);
  }

  /** Own paper trades are numbered per identity. */
  record(): number {
    return this.#state.nextSequence();
  }

  #left(side: Side, levels: readonly Level[] | undefined): readonly RestingOrder[] {
    if (levels === undefined) return [];
    const { taken } = this.#state;
    taken.see(side, levels);
    return taken.remaining(side, levels).map(asResting);
  }
}

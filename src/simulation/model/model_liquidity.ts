/** The simulated market as a source of liquidity: the model's quotes, minus what accounts already took. */

import type { Liquidity, OwnTrade, Take } from "../engine/liquidity.ts";
import type { TradedMarket } from "../engine/market.ts";
import type { RestingOrder, Side } from "../engine/matching.ts";
import type { Order } from "../engine/orders.ts";
import type { PriceModel, Tape } from "./market_data.ts";

/** Parts of the simulated market. */
export interface ModelLiquidityParts {
  readonly model: PriceModel;
  /** Where own trades are published. */
  readonly tape: Pick<Tape, "record">;
}

/** The model's side of every market. */
export class ModelLiquidity implements Liquidity {
  readonly ownTradesArePublic = true;
  readonly #parts: ModelLiquidityParts;
  /** Lots taken from the model's orders that still exist, by market and id. */
  readonly #taken = new Map<string, Map<string, number>>();

  constructor(parts: ModelLiquidityParts) {
    this.#parts = parts;
  }

  /**
   * The model's orders. One that crosses an own order is hidden until a trade of the model fills that order: the model
   * does not know the own order, and the book must not be crossed.
   */
  quotes(
    market: TradedMarket,
    { side, atMs, own }: { readonly side: Side; readonly atMs: number; readonly own: readonly Order[] },
  ): readonly RestingOrder[] {
    const { bids, asks } = this.#parts.model.bookAt(market.id, atMs);
    const taken = this.#taken.get(market.id);
    let bound = side === "BUY" ? Infinity : -Infinity;
    for (const order of own) {
      if (order.side === side || order.status !== "PENDING") continue;
      bound = side === "BUY" ? Math.min(bound, order.limitPrice) : Math.max(bound, order.limitPrice);
    }
    return (side === "BUY" ? bids : asks)
      .filter(({ price }) => side === "BUY" ? price < bound : price > bound)
      .map(({ id, price, volume }) => ({ id, price, volume: volume - (taken?.get(id) ?? 0), own: false }))
      .filter(({ volume }) => volume > 0);
  }

  /** Records that lots of one of the model's orders were taken; forgets orders that no longer exist. */
  take({ id: marketId }: TradedMarket, { makerId, lots, atMs }: Take): void {
    const taken = this.#taken.get(marketId) ?? new Map<string, number>();
    this.#taken.set(marketId, taken);
    taken.set(makerId, (taken.get(makerId) ?? 0) + lots);
    const { bids, asks } = this.#parts.model.bookAt(marketId, atMs);
    const standing = new Set([...bids, ...asks].map(({ id }) => id));
    for (const known of taken.keys()) {
      if (!standing.has(known)) taken.delete(known);
    }
  }

  record({ id }: TradedMarket, trade: OwnTrade): number {
    return this.#parts.tape.record(id, trade);
  }
}

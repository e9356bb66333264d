/**
 * The matching engine: takes orders of one account holder, matches them with a source of liquidity and with each other,
 * lets trades of others fill resting orders and trigger stops, and keeps orders, fills and ledgers consistent. It reads
 * no clock: every call has the time as an argument.
 */

import Big from "big.js";
import type { Identifiers } from "./identifiers.ts";
import type { Liquidity, MarketTrade, OwnTrade } from "./liquidity.ts";
import type { TradedMarket } from "./market.ts";
import { volumeOf } from "./market_units.ts";
import { byPriority, crosses, matchOrder, type RestingOrder, type Side } from "./matching.ts";
import { incomingOf, isInTransit, newOrder, type OrderDraft, resting } from "./order_draft.ts";
import type { Order } from "./orders.ts";
import { Refusal } from "./refusal.ts";
import type { EngineSettings } from "./settings.ts";
import { type Execution, fundingAccount, reservationFor, settle } from "./settlement.ts";
import type { TradingAccounts, TradingStore } from "./trading_store.ts";

/** Parts of an engine. */
export interface EngineParts {
  readonly store: TradingStore;
  readonly accounts: TradingAccounts;
  readonly liquidity: Liquidity;
  readonly identifiers: Pick<Identifiers, "order" | "reference">;
  readonly settings: EngineSettings;
  /** Called for every trade with an own order, after it was numbered. */
  readonly matched?: (market: TradedMarket, match: Match) => void;
}

/** The two sides of a trade. */
export interface Match {
  /** Sequence of the public trade. */
  readonly sequence: number;
  readonly makerId: string;
  /** `null` for an order of somebody else. */
  readonly takerId: string | null;
}

const ZERO = new Big(0);
const SIDES = ["BUY", "SELL"] as const;

/** The engine for the orders of one account holder. */
export class MatchingEngine {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /**
   * Takes an order. `seen` is the latest numbered trade of others that it is too late for.
   *
   * @throws {Refusal} for a used client order id, missing funds, a post-only order that would trade, or a market order
   * that the book cannot fill
   */
  place(draft: OrderDraft, { atMs, seen = 0 }: { readonly atMs: number; readonly seen?: number }): Order {
    const { settings, identifiers, accounts, store } = this.#parts;
    if (draft.clientOrderId !== "" && store.idOf(draft.clientOrderId) !== undefined) {
      throw new Refusal("ErrDuplicateClientOrderID");
    }
    const dueAt = draft.stop === null ? atMs + settings.orderDelayMs : null;
    const order = newOrder(draft, { id: "", nowMs: atMs, dueAt, seen });
    const isFunded = fundingAccount(order, accounts).ledger.totals.available.gte(reservationFor(order));
    if (!isFunded && (order.stop === null || settings.reserveStops)) throw new Refusal("ErrInsufficientBalance");
    if (order.stop === null) this.#refuseAgainstBook(order, atMs);

    const placed = store.save({ ...order, id: identifiers.order() });
    if (order.stop !== null) return settings.reserveStops ? this.#reserve(placed, atMs) : placed;
    return settings.orderDelayMs > 0 ? this.#reserve(placed, atMs) : this.arrive(placed, atMs);
  }

  /** Cancels an order that is on the book or waits for its trigger; returns whether there was one. */
  cancel(id: string, atMs: number): boolean {
    const order = this.#parts.store.get(id);
    if (order === undefined || order.status === "COMPLETE" || isInTransit(order)) return false;
    this.#complete({ ...order, cancelledAt: atMs }, atMs);
    return true;
  }

  /** An accepted order meets the book, once: when it arrives or, for a stop, when it is triggered. */
  arrive(arriving: Order, atMs: number): Order {
    const { accounts, liquidity, settings, store } = this.#parts;
    const { market, side } = arriving;
    const missing = reservationFor(arriving).minus(arriving.reserved);
    if (fundingAccount(arriving, accounts).ledger.totals.available.lt(missing)) return this.#complete(arriving, atMs);

    const matched = matchOrder(this.book(market, { side: opposite(side), atMs }), incomingOf(arriving), settings);
    if (!matched.ok) return this.#complete(arriving, atMs);
    for (const id of matched.cancelled) this.#complete(this.#current(id), atMs);
    let order = arriving;
    for (const { makerId, price, volume } of matched.fills) {
      const trade = { timestamp: atMs, price, volume, isBuy: side === "BUY" };
      const sequence = liquidity.record(market, trade);
      this.#parts.matched?.(market, { sequence, makerId, takerId: arriving.id });
      order = this.#fill(order, { ...trade, sequence, role: "taker" });
      const maker = store.get(makerId);
      if (maker !== undefined) this.#fill(maker, { ...trade, sequence, role: "maker" });
      else liquidity.take(market, { makerId, side: opposite(side), price, lots: volume, atMs });
    }
    order = matched.resting > 0
      ? this.#reserve(store.save({ ...order, status: "PENDING", updatedAt: atMs }), atMs)
      : this.#complete(order, atMs);
    if (liquidity.ownTradesArePublic) {
      for (const { price, volume } of matched.fills) this.#wakeStops(market, { atMs, price, volume });
    }
    return order;
  }

  /** A trade of others fills own orders at or past its price, up to its volume, at their price. */
  meetTrade(market: TradedMarket, trade: MarketTrade): void {
    const live = this.liveIn(market);
    let left = trade.volume;
    for (const side of SIDES) {
      for (const { id, price, volume } of resting(live, side)) {
        if (left === 0 || !crosses({ side, price }, trade.price)) break;
        const order = this.#current(id);
        if (hasMet(order, trade)) continue;
        const lots = Math.min(left, volume);
        left -= lots;
        this.#fillResting(order, { price, volume: lots, timestamp: trade.atMs });
      }
    }
    this.#wakeStops(market, trade);
  }

  /** Lets quotes that cross resting orders fill them, at the price of the resting order. */
  meetBook(market: TradedMarket, atMs: number): void {
    const { liquidity } = this.#parts;
    for (const side of SIDES) {
      for (const { id, price } of resting(this.liveIn(market), side)) {
        const quoted = { side: opposite(side), atMs };
        for (const quote of liquidity.quotes(market, { ...quoted, own: this.liveIn(market) })) {
          const order = this.#current(id);
          if (order.status === "COMPLETE" || !crosses({ side, price }, quote.price)) break;
          const lots = Math.min(quote.volume, order.limitVolume - order.filled);
          liquidity.take(market, { ...quoted, makerId: quote.id, price: quote.price, lots });
          this.#fillResting(order, { price, volume: lots, timestamp: atMs });
        }
      }
    }
  }

  /** One side of the book, best price first, own orders after the quotes of others at the same price. */
  book(market: TradedMarket, { side, atMs }: { readonly side: Side; readonly atMs: number }): readonly RestingOrder[] {
    const live = this.liveIn(market);
    const quotes = this.#parts.liquidity.quotes(market, { side, atMs, own: live });
    const own = resting(live, side);
    return own.length === 0 ? quotes : [...quotes, ...own].sort(byPriority(side));
  }

  /** The part of the book that a market order may trade with without moving the price too far. */
  carried(
    market: TradedMarket,
    { side, atMs }: { readonly side: Side; readonly atMs: number },
  ): readonly RestingOrder[] {
    const against = this.book(market, { side: opposite(side), atMs });
    const best = against[0]?.price ?? 0;
    const furthest = new Big(best).times(this.#parts.settings.marketOrderReach).round(0, Big.roundDown).toNumber();
    return against.filter(({ price }) => Math.abs(price - best) <= furthest);
  }

  /** Incomplete own orders in a market, oldest first. */
  liveIn(market: TradedMarket): Order[] {
    return [...this.#parts.store.live()].filter((order) => order.market.id === market.id);
  }

  /** Refuses what the present book does not allow; a delayed order may still meet another book. */
  #refuseAgainstBook(order: Order, atMs: number): void {
    const { market, side, limitPrice } = order;
    if (
      order.postOnly && this.#parts.settings.postOnlyCrossing === "error" &&
      this.book(market, { side: opposite(side), atMs }).some(({ price }) => crosses({ side, price: limitPrice }, price))
    ) {
      throw new Refusal("ErrOrderCanceled");
    }
    if (order.type !== "MARKET") return;
    const matched = matchOrder(this.carried(market, { side, atMs }), incomingOf(order));
    if (!matched.ok || matched.unmet) throw new Refusal("ErrNotEnoughLiquidity");
    const lots = matched.fills.reduce((sum, { volume }) => sum + volume, 0);
    if (volumeOf(market, lots).lt(market.minVolume)) throw new Refusal("ErrVolumeTooLow");
  }

  #wakeStops(market: TradedMarket, trade: MarketTrade): void {
    const { atMs, price } = trade;
    for (const { id } of this.liveIn(market)) {
      const order = this.#current(id);
      const { stop } = order;
      if (stop === null || order.dueAt !== null || order.status === "COMPLETE" || hasMet(order, trade)) continue;
      const isReached = stop.direction === "ABOVE" ? price >= stop.price : price <= stop.price;
      if (isReached) this.arrive(this.#parts.store.save({ ...order, dueAt: atMs, updatedAt: atMs }), atMs);
    }
  }

  #fillResting(order: Order, trade: Omit<OwnTrade, "isBuy">): void {
    const own = { ...trade, isBuy: order.side === "SELL" };
    const sequence = this.#parts.liquidity.record(order.market, own);
    this.#parts.matched?.(order.market, { sequence, makerId: order.id, takerId: null });
    this.#fill(order, { ...own, sequence, role: "maker" });
  }

  #fill(order: Order, trade: Omit<Execution, "reference"> & { readonly isBuy: boolean }): Order {
    const { accounts, identifiers, settings, store } = this.#parts;
    const { order: filled, amounts } = settle(order, { ...trade, reference: identifiers.reference() }, {
      accounts,
      sellFeeIn: settings.sellFeeIn,
    });
    const { market, id: orderId, clientOrderId, side } = order;
    const { timestamp, price, volume, isBuy, sequence } = trade;
    const { counter, feeBase, feeCounter } = amounts;
    store.record({
      ...{ market, orderId, clientOrderId, side },
      ...{ timestamp, price, volume, isBuy, sequence, counter, feeBase, feeCounter },
    });
    return filled.filled === filled.limitVolume ? this.#complete(filled, timestamp) : store.save(filled);
  }

  /** Ends an order, filled or not, and releases its reservation. */
  #complete(order: Order, atMs: number): Order {
    if (order.status === "COMPLETE") return order;
    const freed = this.#hold(order, ZERO, atMs);
    return this.#parts.store.save({ ...freed, status: "COMPLETE", completedAt: atMs, updatedAt: atMs });
  }

  #reserve(order: Order, atMs: number): Order {
    return this.#parts.store.save(this.#hold(order, reservationFor(order), atMs));
  }

  /** Sets an order's reservation; the ledger row changes only `available`. */
  #hold(order: Order, amount: Big, atMs: number): Order {
    const change = amount.minus(order.reserved);
    if (change.eq(0)) return order;
    fundingAccount(order, this.#parts.accounts).ledger.append({
      timestamp: atMs,
      balanceDelta: ZERO,
      availableDelta: change.neg(),
      kind: "EXCHANGE",
      description: `${change.gt(0) ? "Reserved" : "Released"} funds for order ${order.id}`,
      reference: order.id,
    });
    return { ...order, reserved: amount };
  }

  #current(id: string): Order {
    const order = this.#parts.store.get(id);
    if (order === undefined) throw new RangeError(`Cannot find order ${id}`);
    return order;
  }
}

function opposite(side: Side): Side {
  return side === "BUY" ? "SELL" : "BUY";
}

function hasMet({ seen }: Order, { sequence }: MarketTrade): boolean {
  return sequence !== undefined && sequence <= seen;
}

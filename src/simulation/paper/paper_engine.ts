/**
 * One identity's orders in one market while something happens to them: an order that arrives, real trades, a real book.
 * The arithmetic is the simulation's; the other side is the real book, which an order on paper does not change.
 * Nobody's place in the queue at one price is known, so a waiting order counts as the first at its price.
 *
 * An engine lives inside one transaction. It reads what it needs when it is opened, writes what happened when it is closed,
 * and waits for nothing.
 */

import Big from "big.js";
import { parseDecimal } from "../../money/decimals.ts";
import type { PublicTrade } from "../../exchange/schemas.ts";
import { priceOf, volumeOf } from "../model/market_units.ts";
import type { SimulatedMarket } from "../model/markets.ts";
import type { Accounts } from "../engine/accounts.ts";
import { byPriority, crosses, matchOrder, type RestingOrder, type Side } from "../engine/matching.ts";
import { incomingOf } from "../engine/order_draft.ts";
import type { Order, UserTrade } from "../engine/orders.ts";
import { resting } from "../engine/quotes.ts";
import { Refusal } from "../engine/refusal.ts";
import { type Execution, fundingAccount, reservationFor, settle } from "../engine/settlement.ts";
import type { LiveOrder } from "./order_rows.ts";
import { wholeLots } from "./paper_market.ts";
import { asResting, type Level, type RealBook } from "./real_book.ts";
import type { PaperStore } from "./store.ts";

/** What an engine stands on. */
export interface ExecutorParts {
  readonly store: PaperStore;
  readonly identity: string;
  readonly market: SimulatedMarket;
  /** The real book of this moment; `null` where it plays no part. */
  readonly book: RealBook | null;
  readonly nowMs: number;
}

/** Furthest move of the price, as a fraction of the best one, that a market order may cause. */
const MARKET_ORDER_REACH = "0.1";

const ZERO = new Big(0);

/** The engine of one identity in one market. */
export class PaperEngine {
  readonly #parts: ExecutorParts;
  readonly #accounts: Accounts;
  readonly #orders = new Map<string, LiveOrder>();
  readonly #changed = new Set<string>();
  readonly #trades: UserTrade[] = [];
  /** Levels of the real book that are left, by the side of their orders. */
  readonly #levels: Record<Side, Level[]>;
  readonly #takes: { readonly side: Side; readonly level: Level }[] = [];

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    const { store, identity, market, book, nowMs } = parts;
    this.#accounts = store.accounts.load(identity, [market.base, market.counter]);
    for (const live of store.orders.live(parts)) this.#orders.set(live.order.id, live);
    const left = (side: Side, all: readonly Level[]) => {
      store.taken.see({ identity, market, side }, all, nowMs);
      return store.taken.remaining({ identity, market, side }, all, nowMs);
    };
    this.#levels = book === null
      ? { BUY: [], SELL: [] }
      : { BUY: left("BUY", book.bids), SELL: left("SELL", book.asks) };
  }

  /**
   * Takes a new order: checks funds and book, then fills what it can and lets the rest wait. `seen` is the newest real
   * trade that it is too late for.
   *
   * @throws {Refusal} for missing funds, a post-only order that would trade, or a market order that the book cannot
   * carry
   */
  place(order: Order, seen: number): Order {
    if (fundingAccount(order, this.#accounts).ledger.totals.available.lt(reservationFor(order))) {
      throw new Refusal("ErrInsufficientBalance");
    }
    if (order.stop === null) this.#refuseAgainstBook(order);
    this.#orders.set(order.id, { order, seen });
    return order.stop === null ? this.#arrive(order) : this.#reserve(this.#save(order));
  }

  /** Cancels an order that waits; answers whether there was one. */
  cancel(id: string): boolean {
    const order = this.#orders.get(id)?.order;
    if (order === undefined) return false;
    this.#complete({ ...order, cancelledAt: this.#parts.nowMs });
    return true;
  }

  /**
   * Lets real trades fill what rests at or past their price, up to their volume, and wake the stops that they reach.
   * Every order meets every trade once, and none that was made before it came.
   *
   * @param trades in any order
   */
  meetTrades(trades: readonly PublicTrade[]): void {
    for (const trade of trades.toSorted((a, b) => a.sequence - b.sequence)) {
      this.#fillByTrade(trade);
      this.#wakeStops(trade);
    }
    const newest = newestSequence(trades);
    for (const [id, live] of this.#orders) {
      if (live.seen >= newest) continue;
      this.#orders.set(id, { ...live, seen: newest });
      this.#changed.add(id);
    }
  }

  /** Lets levels of the real book that cross what rests fill it, at the price of what rested. */
  meetBook(): void {
    for (const side of ["BUY", "SELL"] as const) {
      for (const { id, price } of resting(this.#liveOrders(), side)) {
        for (const level of [...this.#levels[opposite(side)]]) {
          const order = this.#orderOf(id);
          if (order.status === "COMPLETE" || !crosses({ side, price }, level.price)) break;
          const volume = Math.min(level.volume, order.limitVolume - order.filled);
          this.#takeLevel({ side: opposite(side), price: level.price, volume });
          this.#fill(order, { price, volume, role: "maker", sequence: this.#nextSequence() });
        }
      }
    }
  }

  /** Writes everything that happened, and what the book lost. */
  close(): void {
    const { store, identity, market, nowMs } = this.#parts;
    for (const id of this.#changed) {
      const live = this.#orders.get(id);
      if (live !== undefined) store.orders.save(identity, live);
    }
    for (const trade of this.#trades) store.orders.record(identity, trade);
    store.accounts.store(this.#accounts);
    for (const { side, level } of this.#takes) store.taken.take({ identity, market, side }, level, nowMs);
  }

  #refuseAgainstBook(order: Order): void {
    const against = this.#against(order);
    if (order.postOnly && against.some(({ price }) => crosses({ side: order.side, price: order.limitPrice }, price))) {
      throw new Refusal("ErrOrderCanceled");
    }
    if (order.type !== "MARKET") return;
    const best = priceOf(order.market, against[0]?.price ?? 0);
    const reach = best.times(MARKET_ORDER_REACH);
    const carried = against.filter(({ price }) => priceOf(order.market, price).minus(best).abs().lte(reach));
    const matched = matchOrder(carried, incomingOf(order));
    if (!matched.ok || matched.unmet) throw new Refusal("ErrNotEnoughLiquidity");
    const lots = matched.fills.reduce((sum, { volume }) => sum + volume, 0);
    if (volumeOf(order.market, lots).lt(order.market.minVolume)) throw new Refusal("ErrVolumeTooLow");
  }

  /** An order meets the book, once: when it was placed or, of a stop, when it wakes. */
  #arrive(arriving: Order): Order {
    const missing = reservationFor(arriving).minus(arriving.reserved);
    if (fundingAccount(arriving, this.#accounts).ledger.totals.available.lt(missing)) return this.#complete(arriving);
    const matched = matchOrder(this.#against(arriving), incomingOf(arriving));
    if (!matched.ok) return this.#complete(arriving);
    let order = arriving;
    for (const { makerId, price, volume } of matched.fills) {
      const sequence = this.#nextSequence();
      order = this.#fill(order, { price, volume, role: "taker", sequence });
      if (makerId === "") this.#takeLevel({ side: opposite(order.side), price, volume });
      else this.#fill(this.#orderOf(makerId), { price, volume, role: "maker", sequence });
    }
    if (matched.resting === 0) return this.#complete(order);
    return this.#reserve(this.#save({ ...order, status: "PENDING", updatedAt: this.#parts.nowMs }));
  }

  #fillByTrade(trade: PublicTrade): void {
    const price = parseDecimal(trade.price);
    let left = wholeLots(this.#parts.market, parseDecimal(trade.volume));
    for (const side of ["BUY", "SELL"] as const) {
      for (const { id, price: limit, volume: open } of resting(this.#liveOrders(), side)) {
        const distance = price.cmp(priceOf(this.#parts.market, limit));
        if (left === 0 || (side === "BUY" ? distance > 0 : distance < 0)) break;
        if (this.#hasSeen(id, trade)) continue;
        const volume = Math.min(left, open);
        left -= volume;
        this.#fill(this.#orderOf(id), { price: limit, volume, role: "maker", sequence: this.#nextSequence() });
      }
    }
  }

  #wakeStops(trade: PublicTrade): void {
    const price = parseDecimal(trade.price);
    for (const { id, stop, status, market } of this.#liveOrders()) {
      if (stop === null || status !== "AWAITING" || this.#hasSeen(id, trade)) continue;
      const distance = price.cmp(priceOf(market, stop.price));
      if (stop.direction === "ABOVE" ? distance < 0 : distance > 0) continue;
      const { nowMs } = this.#parts;
      this.#arrive(this.#save({ ...this.#orderOf(id), dueAt: nowMs, updatedAt: nowMs }));
      // The trade that woke it is over.
      this.#orders.set(id, { order: this.#orderOf(id), seen: trade.sequence });
    }
  }

  #hasSeen(id: string, { sequence }: PublicTrade): boolean {
    return sequence <= (this.#orders.get(id)?.seen ?? 0);
  }

  #fill(
    order: Order,
    { price, volume, role, sequence }: Pick<Execution, "price" | "volume" | "role" | "sequence">,
  ): Order {
    const { store, nowMs } = this.#parts;
    const execution = { price, volume, role, sequence, timestamp: nowMs, reference: store.ids.reference() };
    const { order: filled, amounts } = settle(order, execution, { accounts: this.#accounts, sellFeeIn: "base" });
    this.#trades.push({
      market: order.market,
      orderId: order.id,
      clientOrderId: order.clientOrderId,
      side: order.side,
      isBuy: (order.side === "BUY") === (role === "taker"),
      timestamp: nowMs,
      sequence,
      price,
      volume,
      ...amounts,
    });
    return filled.filled === filled.limitVolume ? this.#complete(filled) : this.#save(filled);
  }

  /** Ends an order, filled or not, and gives back what it still holds. */
  #complete(order: Order): Order {
    if (order.status === "COMPLETE") return order;
    const { nowMs } = this.#parts;
    return this.#save({ ...this.#hold(order, ZERO), status: "COMPLETE", completedAt: nowMs, updatedAt: nowMs });
  }

  #reserve(order: Order): Order {
    return this.#save(this.#hold(order, reservationFor(order)));
  }

  /** Sets an order's reservation; the ledger row moves only `available`. */
  #hold(order: Order, amount: Big): Order {
    const change = amount.minus(order.reserved);
    if (change.eq(0)) return order;
    fundingAccount(order, this.#accounts).ledger.append({
      timestamp: this.#parts.nowMs,
      balanceDelta: ZERO,
      availableDelta: change.neg(),
      kind: "EXCHANGE",
      description: `${change.gt(0) ? "Reserved" : "Released"} funds for order ${order.id}`,
      reference: order.id,
    });
    return { ...order, reserved: amount };
  }

  #save(order: Order): Order {
    this.#orders.set(order.id, { order, seen: this.#orders.get(order.id)?.seen ?? 0 });
    this.#changed.add(order.id);
    return order;
  }

  /** What an order meets: the real book and own resting orders behind it, best price first. */
  #against({ side }: Order): readonly RestingOrder[] {
    const other = opposite(side);
    return [...this.#levels[other].map(asResting), ...resting(this.#liveOrders(), other)].sort(byPriority(other));
  }

  #takeLevel({ side, price, volume }: Level & { readonly side: Side }): void {
    this.#takes.push({ side, level: { price, volume } });
    this.#levels[side] = this.#levels[side].map((level) =>
      level.price === price ? { price, volume: level.volume - volume } : level
    ).filter((level) => level.volume > 0);
  }

  #liveOrders(): Order[] {
    return [...this.#orders.values()].map(({ order }) => order).filter(({ status }) => status !== "COMPLETE");
  }

  #orderOf(id: string): Order {
    const live = this.#orders.get(id);
    if (live === undefined) throw new RangeError(`Cannot find order ${id}`);
    return live.order;
  }

  #nextSequence(): number {
    return this.#parts.store.accounts.nextSequence(this.#parts.identity);
  }
}

/** The newest sequence of some trades; 0 without any. */
export function newestSequence(trades: readonly PublicTrade[]): number {
  return trades.reduce((newest, { sequence }) => Math.max(newest, sequence), 0);
}

function opposite(side: Side): Side {
  return side === "BUY" ? "SELL" : "BUY";
}

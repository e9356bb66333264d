/**
 * The trading half of the simulated exchange: takes orders, matches them, lets the model's trades fill what rests and
 * wake what waits, and keeps orders, fills and ledgers in step. It reads no clock: every call names the moment, and
 * moments may not run backwards.
 */

import Big from "big.js";
import type { Accounts } from "./accounts.ts";
import type { Identifiers } from "./identifiers.ts";
import type { PriceModel, Tape, Trade } from "../model/market_data.ts";
import { volumeOf } from "../model/market_units.ts";
import { MARKETS, type SimulatedMarket } from "../model/markets.ts";
import { crosses, matchOrder, type RestingOrder, type Side } from "./matching.ts";
import type { Settings } from "../options.ts";
import { incomingOf, isInTransit, newOrder, type OrderDraft } from "./order_draft.ts";
import { type Order, OrderStore, type UserTrade } from "./orders.ts";
import { type MergedBook, Quotes, resting } from "./quotes.ts";
import { Refusal } from "./refusal.ts";
import { type Execution, fundingAccount, reservationFor, settle } from "./settlement.ts";

/** What the exchange stands on. */
export interface ExchangeParts {
  readonly accounts: Accounts;
  readonly model: PriceModel;
  /** Where own trades become public. */
  readonly tape: Pick<Tape, "record">;
  readonly identifiers: Identifiers;
  readonly settings: Settings;
  /** Where time begins; nothing may happen before. */
  readonly startMs: number;
}

/** The engine behind the orders of the one user. */
export class Exchange {
  readonly orders = new OrderStore();
  /** Fills of own orders, oldest first. */
  readonly trades: UserTrade[] = [];
  readonly #parts: ExchangeParts;
  readonly #quotes: ReadonlyMap<string, Quotes>;
  readonly #changes = new Map<string, number>();
  #time: number;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#time = parts.startMs;
    this.#quotes = new Map(MARKETS.map((market) => [market.id, new Quotes(market, parts.model)]));
  }

  /** Lets everything happen that is due up to and including `nowMs`. */
  advance(nowMs: number): void {
    while (this.#time < nowMs && this.orders.anyLive) {
      const untilMs = Math.min(nowMs, this.#time + LONGEST_STEP_MS);
      for (const event of this.#events(this.#time, untilMs)) {
        if ("trade" in event) this.#onModelTrade(event.market, event.trade);
        else this.#arrive(event.order, event.atMs);
      }
      this.#time = untilMs;
    }
    this.#time = Math.max(this.#time, nowMs);
  }

  /**
   * Takes an order.
   *
   * @throws {Refusal} for a used client order id, missing funds, a post-only order that would trade, or a market order
   * that the book cannot carry
   */
  place(draft: OrderDraft, nowMs: number): Order {
    this.advance(nowMs);
    const { settings, identifiers, accounts } = this.#parts;
    if (draft.clientOrderId !== "" && this.orders.idOf(draft.clientOrderId) !== undefined) {
      throw new Refusal("ErrDuplicateClientOrderID");
    }
    const order = newOrder(draft, { id: "", nowMs, dueAt: draft.stop ? null : nowMs + settings.orderDelayMs });
    const funded = fundingAccount(order, accounts).ledger.totals.available.gte(reservationFor(order));
    if (!funded && (order.stop === null || settings.reserveStops)) throw new Refusal("ErrInsufficientBalance");
    if (order.stop === null) this.#refuseAgainstBook(order, nowMs);

    const placed = this.orders.save({ ...order, id: identifiers.order() });
    if (order.stop !== null) return settings.reserveStops ? this.#reserve(placed, nowMs) : placed;
    if (settings.orderDelayMs > 0) return this.#reserve(placed, nowMs);
    return this.#arrive(placed, nowMs);
  }

  /** Cancels an order that is on the book or waits for its trigger; answers whether there was one. */
  cancel(id: string, nowMs: number): boolean {
    this.advance(nowMs);
    const order = this.orders.get(id);
    if (order === undefined || order.status === "COMPLETE" || isInTransit(order)) return false;
    this.#complete({ ...order, cancelledAt: nowMs }, nowMs);
    return true;
  }

  /** The book of a market as everybody sees it. */
  bookAt(market: SimulatedMarket, atMs: number): MergedBook {
    return this.#quotesOf(market).bookAt(atMs, this.#liveIn(market));
  }

  /** What a market order of a side may trade with: the part of the book that does not move the price too far. */
  carriedAt(
    market: SimulatedMarket,
    { side, atMs }: { readonly side: Side; readonly atMs: number },
  ): readonly RestingOrder[] {
    const opposite = this.#opposite({ market, side }, atMs);
    const best = opposite[0]?.price ?? 0;
    return opposite.filter(({ price }) => Math.abs(price - best) <= best * this.#parts.settings.marketOrderReach);
  }

  /** A number that rises whenever an own order changes what a market shows. */
  changesIn(marketId: string): number {
    return this.#changes.get(marketId) ?? 0;
  }

  /** Turns down what the book of this moment would not let through; a delayed order may still meet another book. */
  #refuseAgainstBook(order: Order, atMs: number): void {
    if (
      order.postOnly && this.#parts.settings.postOnlyCrossing === "error" &&
      this.#opposite(order, atMs).some(({ price }) => crosses({ side: order.side, price: order.limitPrice }, price))
    ) {
      throw new Refusal("ErrOrderCanceled");
    }
    if (order.type !== "MARKET") return;
    const matched = matchOrder(this.carriedAt(order.market, { side: order.side, atMs }), incomingOf(order));
    if (!matched.ok || matched.unmet) throw new Refusal("ErrNotEnoughLiquidity");
    const lots = matched.fills.reduce((sum, { volume }) => sum + volume, 0);
    if (volumeOf(order.market, lots).lt(order.market.minVolume)) throw new Refusal("ErrVolumeTooLow");
  }

  #arrive(arriving: Order, atMs: number): Order {
    const { accounts, settings } = this.#parts;
    const missing = reservationFor(arriving).minus(arriving.reserved);
    if (fundingAccount(arriving, accounts).ledger.totals.available.lt(missing)) return this.#complete(arriving, atMs);

    const matched = matchOrder(this.#opposite(arriving, atMs), incomingOf(arriving), settings);
    if (!matched.ok) return this.#complete(arriving, atMs);
    for (const id of matched.cancelled) this.#complete(this.#current(id), atMs);
    let order = arriving;
    for (const { makerId, price, volume } of matched.fills) {
      const trade = { timestamp: atMs, price, volume, isBuy: order.side === "BUY" };
      const sequence = this.#record(order.market, trade);
      order = this.#fill(order, { ...trade, sequence, role: "taker" });
      const maker = this.orders.get(makerId);
      if (maker === undefined) this.#quotesOf(order.market).take(makerId, { lots: volume, atMs });
      else this.#fill(maker, { ...trade, sequence, role: "maker" });
    }
    order = matched.resting > 0
      ? this.#reserve(this.#save({ ...order, status: "PENDING", updatedAt: atMs }), atMs)
      : this.#complete(order, atMs);
    for (const { price } of matched.fills) this.#wakeStops(order.market, price, atMs);
    return order;
  }

  /** A trade of the rest of the world fills own orders at or past its price, up to its volume, at their price. */
  #onModelTrade(market: SimulatedMarket, trade: Trade): void {
    const live = this.#liveIn(market);
    let left = trade.volume;
    for (const side of ["BUY", "SELL"] as const) {
      for (const { id, price, volume } of resting(live, side)) {
        if (left === 0 || !crosses({ side, price }, trade.price)) break;
        const own = { timestamp: trade.timestamp, price, volume: Math.min(left, volume), isBuy: side === "SELL" };
        left -= own.volume;
        this.#fill(this.#current(id), { ...own, sequence: this.#record(market, own), role: "maker" });
      }
    }
    this.#wakeStops(market, trade.price, trade.timestamp);
  }

  #wakeStops(market: SimulatedMarket, price: number, atMs: number): void {
    for (const { id } of this.#liveIn(market)) {
      const order = this.#current(id);
      if (order.stop === null || order.dueAt !== null || order.status === "COMPLETE") continue;
      const reached = order.stop.direction === "ABOVE" ? price >= order.stop.price : price <= order.stop.price;
      if (reached) this.#arrive(this.#save({ ...order, dueAt: atMs, updatedAt: atMs }), atMs);
    }
  }

  #fill(order: Order, trade: Omit<Execution, "reference"> & { readonly isBuy: boolean }): Order {
    const { accounts, identifiers, settings } = this.#parts;
    const { order: filled, amounts } = settle(order, { ...trade, reference: identifiers.reference() }, {
      accounts,
      sellFeeIn: settings.sellFeeIn,
    });
    this.trades.push({
      market: order.market,
      orderId: order.id,
      clientOrderId: order.clientOrderId,
      side: order.side,
      ...trade,
      ...amounts,
    });
    if (filled.filled === filled.limitVolume) return this.#complete(filled, trade.timestamp);
    return this.#save(filled);
  }

  /** Ends an order, filled or not, and gives back what it still holds. */
  #complete(order: Order, atMs: number): Order {
    if (order.status === "COMPLETE") return order;
    const freed = this.#hold(order, ZERO, atMs);
    return this.#save({ ...freed, status: "COMPLETE", completedAt: atMs, updatedAt: atMs });
  }

  #reserve(order: Order, atMs: number): Order {
    return this.#save(this.#hold(order, reservationFor(order), atMs));
  }

  /** Sets an order's reservation; the ledger row moves only `available`. */
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

  #save(order: Order): Order {
    this.#changes.set(order.market.id, this.changesIn(order.market.id) + 1);
    return this.orders.save(order);
  }

  #record(market: SimulatedMarket, { timestamp, price, volume, isBuy }: Trade): number {
    return this.#parts.tape.record(market.id, { timestamp, price, volume, isBuy });
  }

  #opposite({ market, side }: Pick<Order, "market" | "side">, atMs: number): readonly RestingOrder[] {
    const book = this.bookAt(market, atMs);
    return side === "BUY" ? book.asks : book.bids;
  }

  #liveIn(market: SimulatedMarket): Order[] {
    return [...this.orders.live()].filter((order) => order.market.id === market.id);
  }

  #quotesOf(market: SimulatedMarket): Quotes {
    const quotes = this.#quotes.get(market.id);
    if (quotes === undefined) throw new RangeError(`Cannot trade ${market.id} as it is not a simulated market`);
    return quotes;
  }

  #current(id: string): Order {
    const order = this.orders.get(id);
    if (order === undefined) throw new RangeError(`Cannot find order ${id}`);
    return order;
  }

  /** What happens in `fromMs < t <= untilMs`, in order: the model's trades before own orders of the same moment. */
  #events(fromMs: number, untilMs: number): readonly Event[] {
    const live = [...this.orders.live()];
    const markets = new Set(live.map((order) => order.market));
    const trades = [...markets].flatMap((market) =>
      this.#parts.model.tradesBetween(market.id, fromMs + 1, untilMs + 1).map((trade) => ({
        atMs: trade.timestamp,
        market,
        trade,
      }))
    );
    const arrivals = live.filter((order) => isInTransit(order) && (order.dueAt ?? 0) <= untilMs)
      .map((order) => ({ atMs: order.dueAt ?? 0, order }));
    return [...trades, ...arrivals].sort((a, b) => a.atMs - b.atMs);
  }
}

const ZERO = new Big(0);

type Event =
  | { readonly atMs: number; readonly market: SimulatedMarket; readonly trade: Trade }
  | { readonly atMs: number; readonly order: Order };

/** Keeps the model's trades of one step few, however far the clock jumps. */
const LONGEST_STEP_MS = 60 * 60 * 1000;

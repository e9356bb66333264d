/**
 * The core of the matching engine: price-time priority on one side of a book. Pure: it reads no clock and no
 * randomness, changes no argument, and knows nothing of accounts, fees or reservations.
 */

/** The side of an order: what its owner does with the base currency. */
export type Side = "BUY" | "SELL";

/** What happens to the part of a limit order that does not trade at once. */
export type TimeInForce = "GTC" | "IOC" | "FOK";

/** An order on the book; `price` in ticks, `volume` in lots still open. */
export interface RestingOrder {
  readonly id: string;
  readonly price: number;
  readonly volume: number;
  /** Whether it belongs to the account holder, whose next order may be configured not to trade with it. */
  readonly own: boolean;
}

/** An incoming order. A market BUY spends up to `budget`, in ticks times lots. */
export type IncomingOrder =
  | {
    readonly kind: "limit";
    readonly side: Side;
    readonly price: number;
    readonly volume: number;
    readonly timeInForce: TimeInForce;
    readonly postOnly: boolean;
  }
  | { readonly kind: "market"; readonly side: "SELL"; readonly volume: number }
  | { readonly kind: "market"; readonly side: "BUY"; readonly budget: bigint };

/** One trade, at the price of the resting order. */
export interface Fill {
  readonly makerId: string;
  readonly price: number;
  readonly volume: number;
}

/** The result for an incoming order. `resting` are the lots that rest on the book. */
export type Matched =
  | {
    readonly ok: true;
    readonly fills: readonly Fill[];
    readonly resting: number;
    /** Own resting orders that were cancelled, in the order in which they were met. */
    readonly cancelled: readonly string[];
    /** Whether the order wanted more than the book had. */
    readonly unmet: boolean;
  }
  | { readonly ok: false; readonly reason: "post_only_would_trade" | "fill_or_kill_unfillable" };

/** Options of {@linkcode matchOrder}. */
export interface MatchOptions {
  /** What happens when an order meets an own one. @default "trade" */
  readonly selfTrade?: "trade" | "cancel_resting";
}

/**
 * Matches an incoming order with the opposite side of the book, best price first, equal prices in the order given.
 *
 * @param opposite the other side, sorted by priority
 */
export function matchOrder(
  opposite: readonly RestingOrder[],
  incoming: IncomingOrder,
  options: MatchOptions = {},
): Matched {
  const reachable = incoming.kind === "limit" ? opposite.filter((maker) => crosses(incoming, maker.price)) : opposite;
  if (incoming.kind === "limit" && incoming.postOnly && reachable.length > 0) {
    return { ok: false, reason: "post_only_would_trade" };
  }
  const walked = walk(reachable, incoming, options);
  const left = incoming.kind === "limit" ? incoming.volume - sumVolume(walked.fills) : 0;
  if (incoming.kind === "limit" && incoming.timeInForce === "FOK" && left > 0) {
    return { ok: false, reason: "fill_or_kill_unfillable" };
  }
  const rests = incoming.kind === "limit" && incoming.timeInForce === "GTC";
  return { ok: true, ...walked, resting: rests ? left : 0 };
}

/** Whether a limit order would trade at `price`. */
export function crosses(order: { readonly side: Side; readonly price: number }, price: number): boolean {
  return order.side === "BUY" ? price <= order.price : price >= order.price;
}

/** Sorts resting orders of one side by price, best first; equal prices keep their order. */
export function byPriority(side: Side): (a: { readonly price: number }, b: { readonly price: number }) => number {
  return side === "BUY" ? (a, b) => b.price - a.price : (a, b) => a.price - b.price;
}

function walk(makers: readonly RestingOrder[], incoming: IncomingOrder, { selfTrade }: MatchOptions) {
  const sparesOwn = selfTrade === "cancel_resting";
  const fills: Fill[] = [];
  const cancelled: string[] = [];
  let volume = "volume" in incoming ? incoming.volume : Infinity;
  let budget = "budget" in incoming ? incoming.budget : null;
  for (const maker of makers) {
    const affordable = budget === null ? volume : Number(budget / BigInt(maker.price));
    const taken = Math.min(maker.volume, affordable);
    if (taken <= 0) break;
    if (sparesOwn && maker.own) {
      cancelled.push(maker.id);
      continue;
    }
    fills.push({ makerId: maker.id, price: maker.price, volume: taken });
    volume -= taken;
    if (budget !== null) budget -= BigInt(maker.price) * BigInt(taken);
  }
  const lastPrice = BigInt(fills.at(-1)?.price ?? makers[0]?.price ?? 0);
  return { fills, cancelled, unmet: budget === null ? volume > 0 : budget >= lastPrice };
}

function sumVolume(fills: readonly Fill[]): number {
  return fills.reduce((sum, fill) => sum + fill.volume, 0);
}

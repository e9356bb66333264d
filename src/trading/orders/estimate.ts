/**
 * What an order would do in the book as it is now: fills, prices, fees, balances. A momentary estimate with exact
 * arithmetic; `normalizeOrder` produces the order.
 */

import Big from "big.js";
import { countDecimals, formatDecimal, formatPercent, parseDecimal } from "../../money/decimals.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { Side } from "../../exchange/order_schemas.ts";
import { feeOn, sumOf } from "../../money/rounding.ts";
import { midOf } from "../../market/book_walk.ts";
import { remarksOn } from "./order_remarks.ts";
import type { EstimateProblem, EstimateRemark } from "./order_remarks.ts";
import { outlookOf } from "./outlook.ts";
import type { EstimateFacts, Funds, Outlook } from "./outlook.ts";
import type { Order } from "./order.ts";

/** Amounts are decimals; prices are counter per base. */
export interface Estimate {
  /** One row per level of the book, best price first. */
  readonly fills: readonly { readonly price: string; readonly volume: string; readonly counter: string }[];
  readonly filledBase: string;
  readonly filledCounter: string;
  /** When it has no finite expansion, rounded to the caller's disadvantage; `null` when nothing fills at once. */
  readonly averagePrice: string | null;
  readonly worstPrice: string | null;
  /** Base that rests on the book, or waits for its stop price. */
  readonly restingBase: string;
  /** Base that neither fills nor rests. */
  readonly droppedBase: string;
  /** Counter amount that a market order to buy does not spend. */
  readonly unspentCounter: string;
  readonly mid: string | null;
  /** How much worse than the mid price the fills are on average; negative when better. */
  readonly slippagePercent: string | null;
  readonly fees: EstimatedFees;
  /** Available amounts before and after, including the fee of what fills at once. */
  readonly balances: { readonly base: Change; readonly counter: Change } | null;
  /** The missing amount, and its currency. */
  readonly shortfall: { readonly currency: string; readonly amount: string } | null;
  /** Whether it takes everything in the book that was read, so that a longer book would show more. */
  readonly reachesEnd: boolean;
  /** Reasons not to place the order. */
  readonly problems: readonly EstimateProblem[];
  readonly warnings: readonly EstimateRemark[];
}

/** Fees in one currency: the bought one, or the sold one while there is enough of it. A rebate is negative. */
export interface EstimatedFees {
  readonly currency: string;
  /** On what fills at once. */
  readonly taker: string;
  /** On what rests, once it fills. */
  readonly maker: string;
  readonly takerRate: string;
  readonly makerRate: string;
}

/** An available amount. */
export interface Change {
  readonly before: string;
  readonly after: string;
}

const ZERO = new Big(0);

/** Estimates an order. */
export function estimateOrder(order: Order, facts: EstimateFacts): Estimate {
  const { market, book, funds } = facts;
  const outlook = outlookOf(order, facts);
  const fees = feesOf(order, outlook, facts);
  const mid = midOf(book);
  const missing = funds === null ? ZERO : neededFor(order).minus(order.side === "BUY" ? funds.counter : funds.base);
  const shortfall = missing.gt(0)
    ? { currency: order.side === "BUY" ? order.counter : order.base, amount: formatDecimal(missing) }
    : null;
  const { fills, base, counter } = outlook;
  const worst = fills.at(-1)?.price;
  return {
    fills: fills.map(({ price, volume }) => ({
      price: formatDecimal(price),
      volume: formatDecimal(volume),
      counter: formatDecimal(price.times(volume)),
    })),
    filledBase: formatDecimal(base),
    filledCounter: formatDecimal(counter),
    averagePrice: averageOf(order.side, outlook, market),
    worstPrice: worst === undefined ? null : formatDecimal(worst),
    restingBase: formatDecimal(outlook.resting),
    droppedBase: formatDecimal(outlook.dropped),
    unspentCounter: formatDecimal(outlook.unspent),
    mid: mid === null ? null : formatDecimal(mid),
    slippagePercent: mid === null ? null : slippageOf(order.side, outlook, mid),
    fees: fees.shown,
    balances: funds === null ? null : balancesOf(order, outlook, { funds, fee: fees.charged }),
    shortfall,
    reachesEnd: outlook.reachesEnd,
    ...remarksOn(order, outlook, { ...facts, mid, shortfall }),
  };
}

/** What the exchange reserves for an order: counter when buying, base when selling. */
function neededFor({ side, volume, counterVolume, price }: Order): Big {
  if (counterVolume !== undefined) return parseDecimal(counterVolume);
  const base = parseDecimal(volume ?? "0");
  return side === "BUY" ? base.times(parseDecimal(price ?? "0")) : base;
}

interface Charged {
  readonly base: Big;
  readonly counter: Big;
}

function feesOf(
  order: Order,
  { fills, resting }: Outlook,
  { market, fees, funds }: EstimateFacts,
): { readonly shown: EstimatedFees; readonly charged: Charged } {
  const isBuy = order.side === "BUY";
  const takerRate = isBuy ? fees.taker_fee_buy : fees.taker_fee_sell;
  const makerRate = isBuy ? fees.maker_fee_buy : fees.maker_fee_sell;
  const price = parseDecimal(order.price ?? "0");
  const feesIn = (currency: "base" | "counter") => ({
    taker: sumOf(
      fills.map((fill) => {
        const traded = currency === "base" ? fill.volume : fill.price.times(fill.volume);
        return feeOn(traded, parseDecimal(takerRate), market.fee_scale);
      }),
    ),
    maker: feeOn(currency === "base" ? resting : resting.times(price), parseDecimal(makerRate), market.fee_scale),
  });
  const inBase = feesIn("base");
  // A sale pays its fee in the sold currency, and from its proceeds once none of that is left.
  const left = funds === null ? null : parseDecimal(funds.base).minus(order.volume ?? "0");
  const isInBase = isBuy || left === null || left.gte(inBase.taker.plus(inBase.maker));
  const { taker, maker } = isInBase ? inBase : feesIn("counter");
  return {
    shown: {
      currency: isInBase ? order.base : order.counter,
      taker: formatDecimal(taker),
      maker: formatDecimal(maker),
      takerRate: formatDecimal(parseDecimal(takerRate)),
      makerRate: formatDecimal(parseDecimal(makerRate)),
    },
    charged: isInBase ? { base: taker, counter: ZERO } : { base: ZERO, counter: taker },
  };
}

function balancesOf(
  { side, price }: Order,
  { base, counter, resting }: Outlook,
  { funds, fee }: { readonly funds: Funds; readonly fee: Charged },
): { readonly base: Change; readonly counter: Change } {
  const isBuy = side === "BUY";
  const baseChange = isBuy ? base : base.plus(resting).neg();
  const counterChange = isBuy ? counter.plus(resting.times(price ?? "0")).neg() : counter;
  return {
    base: changeOf(funds.base, baseChange.minus(fee.base)),
    counter: changeOf(funds.counter, counterChange.minus(fee.counter)),
  };
}

function changeOf(before: string, change: Big): Change {
  const amount = parseDecimal(before);
  return { before: formatDecimal(amount), after: formatDecimal(amount.plus(change)) };
}

/** Two decimals more than prices have; rounded up for a buyer, down for a seller. */
function averageOf(side: Side, { fills, base, counter }: Outlook, market: Market): string | null {
  if (base.eq(0)) return null;
  const scale = fills.reduce((most, { price }) => Math.max(most, countDecimals(price)), market.price_scale) + 2;
  const units = counter.times(`1e${scale}`);
  const excess = units.mod(base);
  const down = units.minus(excess).div(base);
  return formatDecimal((side === "BUY" && excess.gt(0) ? down.plus(1) : down).times(`1e-${scale}`));
}

function slippageOf(side: Side, { base, counter }: Outlook, mid: Big): string | null {
  if (base.eq(0)) return null;
  const atMid = mid.times(base);
  return formatPercent(side === "BUY" ? counter.minus(atMid) : atMid.minus(counter), atMid, 4);
}

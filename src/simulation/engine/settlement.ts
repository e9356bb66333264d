/** The effect of a fill on an order and on the ledgers: amounts, the fee, and the rows that share one reference. */

import Big from "big.js";
import type { TradeDetails } from "./ledger.ts";
import { decimalsOf, labelOf } from "../../money/currencies.ts";
import { costOf, priceOf, volumeOf } from "./market_units.ts";
import type { TradedMarket } from "./market.ts";
import type { Order } from "./orders.ts";
import type { TradingAccount, TradingAccounts } from "./trading_store.ts";

/** One fill from the perspective of one of its two orders; `price` in ticks, `volume` in lots. */
export interface Execution {
  readonly price: number;
  readonly volume: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly role: "maker" | "taker";
  /** Shared by the ledger rows that it writes. */
  readonly reference: string;
}

/** Amounts of one fill in currency units; fees may be negative (a rebate). */
export interface Amounts {
  readonly base: Big;
  readonly counter: Big;
  readonly feeBase: Big;
  readonly feeCounter: Big;
}

const ZERO = new Big(0);

/** The fee on an amount, rounded half up to the market's fee scale. */
function feeOn(market: TradedMarket, amount: Big, role: Execution["role"]): Big {
  return amount.times(role === "maker" ? market.makerFee : market.takerFee).round(market.feeScale, Big.roundHalfUp);
}

/** The amount to reserve for the open part of an order, in its funding currency. */
export function reservationFor(order: Order): Big {
  if (order.budget !== null) return order.budget.minus(order.counter);
  const open = order.limitVolume - order.filled;
  return order.side === "BUY" ? costOf(order.market, order.limitPrice, open) : volumeOf(order.market, open);
}

/** The account whose funds an order spends. */
export function fundingAccount(order: Order, accounts: TradingAccounts): TradingAccount {
  return accounts.get(order.side === "BUY" ? order.counterAccountId : order.baseAccountId);
}

/**
 * Settles one fill: appends an EXCHANGE row to each of the two accounts and a FEE row to the account that pays the fee,
 * and returns the order's next state with the amounts of this fill. The caller completes the order.
 */
export function settle(
  order: Order,
  execution: Execution,
  { accounts, sellFeeIn }: { readonly accounts: TradingAccounts; readonly sellFeeIn: "base" | "counter" },
): { readonly order: Order; readonly amounts: Amounts } {
  const { market } = order;
  const base = volumeOf(market, execution.volume);
  const counter = costOf(market, execution.price, execution.volume);
  const freed = freedBy(order, execution);
  const write = rowWriter(order, execution);
  const baseAccount = accounts.get(order.baseAccountId);
  const counterAccount = accounts.get(order.counterAccountId);
  const isBuy = order.side === "BUY";
  const sign = isBuy ? 1 : -1;
  write(baseAccount, "EXCHANGE", { delta: base.times(sign), freed: isBuy ? ZERO : freed });
  write(counterAccount, "EXCHANGE", { delta: counter.times(-sign), freed: isBuy ? freed : ZERO });

  const filled: Order = {
    ...order,
    filled: order.filled + execution.volume,
    base: order.base.plus(base),
    counter: order.counter.plus(counter),
    reserved: order.reserved.minus(freed),
    updatedAt: execution.timestamp,
  };
  const feeBase = feeOn(market, base, execution.role);
  const paysInBase = isBuy || (sellFeeIn === "base" && canPay(baseAccount, feeBase, filled));
  const fees = paysInBase
    ? { feeBase, feeCounter: ZERO }
    : { feeBase: ZERO, feeCounter: feeOn(market, counter, execution.role) };
  if (!fees.feeBase.eq(0)) write(baseAccount, "FEE", { delta: fees.feeBase.neg(), freed: ZERO });
  if (!fees.feeCounter.eq(0)) write(counterAccount, "FEE", { delta: fees.feeCounter.neg(), freed: ZERO });

  return {
    order: {
      ...filled,
      feeBase: order.feeBase.plus(fees.feeBase),
      feeCounter: order.feeCounter.plus(fees.feeCounter),
    },
    amounts: { base, counter, ...fees },
  };
}

/** Whether an account can pay a fee and still deliver the open part of its sell that is not reserved yet. */
function canPay(account: TradingAccount, fee: Big, order: Order): boolean {
  const claimed = reservationFor(order).minus(order.reserved);
  return account.ledger.totals.available.minus(claimed).gte(fee);
}

/** The part of an order's reservation that a fill uses up or releases. */
function freedBy(order: Order, { price, volume }: Execution): Big {
  const { market } = order;
  const held = order.side === "SELL"
    ? volumeOf(market, volume)
    : costOf(market, order.budget === null ? order.limitPrice : price, volume);
  return held.lt(order.reserved) ? held : order.reserved;
}

function rowWriter(order: Order, { price, volume, sequence, timestamp, reference }: Execution) {
  const { market } = order;
  const trade: TradeDetails = {
    pair: market.id,
    price: priceOf(market, price),
    volume: volumeOf(market, volume),
    sequence,
  };
  const verb = order.side === "BUY" ? "Bought" : "Sold";
  const pair = `${labelOf(market.base)}/${labelOf(market.counter)}`;
  const traded = `${verb} ${trade.volume.toFixed()} ${pair} @ ${grouped(trade.price, market)}`;
  return (account: TradingAccount, kind: "EXCHANGE" | "FEE", { delta, freed }: { delta: Big; freed: Big }) =>
    account.ledger.append({
      timestamp,
      kind,
      balanceDelta: delta,
      availableDelta: delta.plus(freed),
      description: kind === "FEE" ? "Trading fee" : traded,
      reference,
      trade,
    });
}

/** A price as in statements, with thousands separators: `1,407,088`. */
function grouped(price: Big, market: TradedMarket): string {
  const [whole = "0", fraction] = price.toFixed().split(".");
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? thousands : `${thousands}.${fraction.slice(0, decimalsOf(market.counter))}`;
}

/**
 * An exact order as shown to a person who must approve it: one summary for dialogs, the approval page and terminals,
 * with the exchange that it would go to. Large amounts have digit groups, separated by no-break spaces.
 */

import Big from "big.js";
import { z } from "zod";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { labelOf as nameOf } from "../../money/currencies.ts";
import type { Estimate } from "./estimate.ts";
import type { Order } from "./order.ts";
import { describeOrder } from "./order_words.ts";

const ExchangeName = z.object({
  /** Whether the money is real. */
  kind: z.enum(["live", "simulated", "paper"]),
  /** The host of the market data, with its port if there is one. */
  host: z.string(),
});

/** The exchange that orders go to, for people. */
export type ExchangeName = Readonly<z.output<typeof ExchangeName>>;

/** The form of a summary in the trading record. */
export const OrderSummary = z.object({
  exchange: ExchangeName,
  side: z.enum(["BUY", "SELL"]),
  /** The order that it replaces. */
  replaces: z.string().exactOptional(),
  /** Side, amount and value in one line. */
  headline: z.string(),
  details: z.array(z.object({ label: z.string(), value: z.string() })),
  warnings: z.array(z.string()),
});

/** An order to approve. */
export type OrderSummary = z.output<typeof OrderSummary>;

/** What a summary is made from. */
export interface SummaryFacts {
  readonly exchange: ExchangeName;
  readonly identity: string;
  readonly replaces?: string | undefined;
}

const LIVE_HOST = /(^|\.)luno\.com$/;

/** Summarizes an order. */
export function summarizeOrder(
  { order, estimate, notes }: {
    readonly order: Order;
    readonly estimate: Estimate;
    readonly notes: readonly string[];
  },
  { exchange, identity, replaces }: SummaryFacts,
): OrderSummary {
  return {
    exchange: { ...exchange },
    side: order.side,
    ...(replaces === undefined ? {} : { replaces }),
    headline: headlineOf(order, estimate) + (replaces === undefined ? "" : `, in place of order ${replaces}`),
    details: [
      ...termsOf(order),
      ...(replaces === undefined ? [] : [{ label: "Replaces", value: `order ${replaces}, which is cancelled first` }]),
      ...outcomeOf(order, estimate),
      ...notes.map((note) => ({ label: "Note", value: groupedWords(note) })),
      { label: "Asked for by", value: identity },
      { label: "Exact order", value: describeOrder(order) },
    ],
    warnings: estimate.warnings.map(({ message }) => groupedWords(message)),
  };
}

/** Says whether the money is real: `LIVE: real money at api.luno.com`. */
export function describeExchange({ kind, host }: ExchangeName): string {
  if (kind === "paper") return `PAPER: paper funds, at the prices of ${host}`;
  if (kind === "simulated") return `SIMULATED: simulated funds at ${host}`;
  return LIVE_HOST.test(host) ? `LIVE: real money at ${host}` : `LIVE: ${host}, taken for real money`;
}

/** A summary as plain lines, for dialogs and terminals. */
export function summaryText({ exchange, headline, details, warnings }: OrderSummary): string {
  const lines = [
    describeExchange(exchange),
    headline,
    ...warnings.map((warning) => `WARNING: ${warning}`),
    ...details.map(({ label, value }) => `${label}: ${value}`),
  ];
  return plainSpaces(lines.join("\n"));
}

/** For terminals and logs, where no-break spaces would hinder searching and copying. */
export function plainSpaces(text: string): string {
  return text.replaceAll(NO_BREAK_SPACE, " ");
}

const NO_BREAK_SPACE = "\u00a0";

function headlineOf(order: Order, { filledBase, filledCounter }: Estimate): string {
  const { side, volume, counterVolume, price, base, counter } = order;
  const verb = side === "BUY" ? "Buy" : "Sell";
  const rest = parseDecimal(volume ?? filledBase).minus(filledBase).times(price ?? "0");
  const amount = volume === undefined ? `about ${amountOf(about(filledBase), base)}` : amountOf(volume, base);
  const worth = counterVolume === undefined
    ? `about ${amountOf(about(formatDecimal(rest.plus(filledCounter))), counter)}`
    : amountOf(counterVolume, counter);
  const stop = stopWords(order);
  const later = stop === undefined ? "" : `, ${stop}`;
  return `${verb} ${amount} for ${worth}${later}`;
}

const TYPES = { limit: "Limit order", market: "Market order", stop_limit: "Stop-limit order" } as const;

const LIFETIMES = {
  GTC: "good till cancelled (GTC)",
  IOC: "what can be had at once, the rest is cancelled (IOC)",
  FOK: "all at once or nothing (FOK)",
} as const;

type Detail = OrderSummary["details"][number];

/** The order's own terms. */
function termsOf(order: Order): Detail[] {
  const { pair, base, counter, type, volume, counterVolume, price, timeInForce, postOnly } = order;
  const terms = [
    TYPES[type],
    ...(timeInForce === undefined ? [] : [LIFETIMES[timeInForce]]),
    ...(postOnly === true ? ["post-only"] : []),
  ];
  const stop = stopWords(order);
  return [
    { label: "Order", value: terms.join(", ") },
    { label: "Market", value: `${nameOf(base)}/${nameOf(counter)} (${pair})` },
    volume === undefined
      ? { label: "Spends", value: amountOf(counterVolume ?? "0", counter) }
      : { label: "Amount", value: amountOf(volume, base) },
    ...(price === undefined
      ? []
      : [{ label: "Limit price", value: `${amountOf(price, counter)} for one ${nameOf(base)}` }]),
    ...(stop === undefined ? [] : [{ label: "Placed on the book", value: stop }]),
  ];
}

/** Its expected effect, by the book at that time. */
function outcomeOf({ type, base, counter }: Order, estimate: Estimate): Detail[] {
  const { averagePrice, slippagePercent, filledBase, filledCounter, restingBase, droppedBase, balances } = estimate;
  const fills = averagePrice === null
    ? "nothing"
    : `${amountOf(filledBase, base)} at ${amountOf(averagePrice, counter)} on average, ` +
      `${amountOf(filledCounter, counter)} in all`;
  const available = (name: string, { before, after }: { before: string; after: string }): Detail => ({
    label: `${nameOf(name)} available`,
    value: `${grouped(before)}${NO_BREAK_SPACE}before, ${grouped(after)}${NO_BREAK_SPACE}after`,
  });
  return [
    ...(type === "stop_limit" ? [] : [{ label: "Fills at once", value: fills }]),
    ...(averagePrice === null ? [] : [{ label: "Slippage", value: slippageWords(slippagePercent) }]),
    ...(restingBase === "0" || type === "stop_limit"
      ? []
      : [{ label: "Rests on the book", value: amountOf(restingBase, base) }]),
    ...(droppedBase === "0" ? [] : [{ label: "Is not traded", value: amountOf(droppedBase, base) }]),
    ...feesOf(type, estimate),
    ...(balances === null ? [] : [available(base, balances.base), available(counter, balances.counter)]),
  ];
}

function slippageWords(percent: string | null): string {
  return percent === null ? "unknown" : `${percent}${NO_BREAK_SPACE}% off the mid price`;
}

/** The cost of filling: amounts where they are known, rates for an order that waits. */
function feesOf(type: Order["type"], { fees, averagePrice, restingBase }: Estimate): Detail[] {
  if (type === "stop_limit") {
    const [taker, maker] = [fees.takerRate, fees.makerRate].map(percentOf);
    return [{ label: "Fee", value: `${taker} of what fills at once when it is set off, ${maker} of what rests` }];
  }
  const row = (when: string, amount: string): Detail => {
    const isRebate = amount.startsWith("-");
    const shown = amountOf(isRebate ? amount.slice(1) : amount, fees.currency);
    return { label: `${isRebate ? "Rebate" : "Fee"} ${when}`, value: amount === "0" ? "none" : shown };
  };
  return [
    ...(averagePrice === null ? [] : [row("at once", fees.taker)]),
    ...(restingBase === "0" ? [] : [row("once the rest fills", fees.maker)]),
  ];
}

function percentOf(rate: string): string {
  return `${formatDecimal(parseDecimal(rate).times(100))}${NO_BREAK_SPACE}%`;
}

function stopWords({ stopPrice, stopDirection, counter }: Order): string | undefined {
  if (stopPrice === undefined) return undefined;
  const price = amountOf(stopPrice, counter);
  if (stopDirection === "RELATIVE_LAST_TRADE") return `once a trade reaches ${price}`;
  return `once a trade is at ${price} or ${stopDirection === "ABOVE" ? "above" : "below"}`;
}

/** Digits of the whole part in threes: `1 073 580.25`. */
export function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const threes = whole.replace(/\B(?=(\d{3})+$)/g, NO_BREAK_SPACE);
  return fraction === undefined ? threes : `${threes}.${fraction}`;
}

/** An amount with its currency, kept on one line. */
function amountOf(decimal: string, currency: string): string {
  return `${grouped(decimal)}${NO_BREAK_SPACE}${nameOf(currency)}`;
}

/** Groups the digits of large numbers in a sentence; ids, which contain letters, stay unchanged. */
function groupedWords(sentence: string): string {
  return sentence.replace(/(?<![\w.:-])\d{5,}(?:\.\d+)?(?![\w:-])/g, grouped);
}

/** Rounded for a headline; the details have the exact amount. */
function about(decimal: string): string {
  const value = parseDecimal(decimal);
  const places = value.gte(1_000) ? 0 : value.gte(1) ? 2 : Math.max(0, 3 - value.e);
  return formatDecimal(value.round(places, Big.roundHalfUp));
}

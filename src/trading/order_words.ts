/** An exact order in the words in which a person confirms it. */

import { formatDecimal, parseDecimal } from "../exchange/money.ts";
import type { Assessment } from "./assessment.ts";
import type { Estimate } from "./estimate.ts";
import type { Order } from "./order.ts";

/** One line: `BUY 0.01 XBT in XBTZAR at 1200000 ZAR each (limit, GTC)`. */
export function describeOrder(order: Order): string {
  const { side, volume, counterVolume, base, counter, pair, price, type, timeInForce, postOnly } = order;
  const amount = volume === undefined ? `for ${counterVolume} ${counter}` : `${volume} ${base}`;
  const at = price === undefined ? "at the market's price" : `at ${price} ${counter} each`;
  const terms = [type.replace("_", "-"), timeInForce, postOnly ? "post-only" : undefined, stopWords(order)];
  return `${side} ${amount} in ${pair} ${at} (${terms.filter((term) => term !== undefined).join(", ")})`;
}

/** Everything that matters for a decision, a line each. */
export function describeForConfirmation(
  { order, estimate, notes }: Pick<Assessment, "order" | "estimate" | "notes">,
  { identity, paper, replaces }: { identity: string; paper: boolean; replaces?: string },
): string {
  const { balances, warnings } = estimate;
  return [
    `${paper ? "PAPER order: " : ""}${describeOrder(order)}`,
    ...(replaces === undefined ? [] : [`It takes the place of order ${replaces}, which is cancelled first`]),
    ...fillWords(order, estimate),
    ...feeWords(order, estimate),
    ...(balances === null ? [] : [
      `${order.base} available: ${balances.base.before} before, ${balances.base.after} after`,
      `${order.counter} available: ${balances.counter.before} before, ${balances.counter.after} after`,
    ]),
    ...notes,
    ...warnings.map(({ message }) => `Note: ${message}`),
    `Asked for by ${identity}`,
  ].join("\n");
}

/** What becomes of it on the book; that a stop-limit order waits off the book is what its warning says. */
function fillWords({ base, counter, type }: Order, estimate: Estimate): string[] {
  if (type === "stop_limit") return [];
  const { averagePrice, slippagePercent, filledBase, filledCounter, restingBase } = estimate;
  const isResting = restingBase !== "0";
  if (averagePrice === null) return [`Nothing would fill at once${isResting ? ": it would rest on the book" : ""}`];
  const slippage = slippagePercent === null ? "slippage unknown" : `slippage ${slippagePercent} %`;
  const filled = `About ${filledBase} ${base} would fill at once at ${averagePrice} on average, for ${filledCounter} ` +
    `${counter} (${slippage})`;
  return [filled, ...(isResting ? [`${restingBase} ${base} would rest on the book`] : [])];
}

function feeWords({ type }: Order, { fees, averagePrice, restingBase }: Estimate): string[] {
  if (type === "stop_limit") {
    const [taker, maker] = [fees.takerRate, fees.makerRate].map(percentOf);
    return [`Fee once it is set off: ${taker} % of what fills at once, ${maker} % of what rests`];
  }
  const line = (when: string, amount: string) => {
    if (amount === "0") return `No fee on ${when}`;
    const [word, shown] = amount.startsWith("-") ? ["Rebate", amount.slice(1)] : ["Fee", amount];
    return `${word} on ${when}: ${shown} ${fees.currency}`;
  };
  return [
    ...(averagePrice === null ? [] : [line("what fills at once", fees.taker)]),
    ...(restingBase === "0" ? [] : [line("what rests, once it fills", fees.maker)]),
  ];
}

function percentOf(rate: string): string {
  return formatDecimal(parseDecimal(rate).times(100));
}

function stopWords({ stopPrice, stopDirection }: Order): string | undefined {
  if (stopPrice === undefined) return undefined;
  if (stopDirection === "RELATIVE_LAST_TRADE") return `once a trade reaches ${stopPrice}`;
  return `once a trade is at ${stopPrice} or ${stopDirection === "ABOVE" ? "above" : "below"}`;
}

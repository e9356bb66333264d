/** An exact order in the words in which a person confirms it. */

import type { Assessment } from "./assessment.ts";
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
  const { averagePrice, slippagePercent, filledBase, filledCounter, restingBase, fees, balances, warnings } = estimate;
  const fills = averagePrice === null
    ? "Nothing would fill at once"
    : `About ${filledBase} ${order.base} would fill at once at ${averagePrice} on average, for ${filledCounter} ` +
      `${order.counter} (slippage ${slippagePercent ?? "unknown"} %)`;
  return [
    `${paper ? "PAPER order: " : ""}${describeOrder(order)}`,
    ...(replaces === undefined ? [] : [`It takes the place of order ${replaces}, which is cancelled first`]),
    fills,
    ...(restingBase === "0" ? [] : [`${restingBase} ${order.base} would rest on the book`]),
    `Fee on what fills at once: ${fees.taker} ${fees.currency}`,
    ...(balances === null ? [] : [
      `${order.base} available: ${balances.base.before} before, ${balances.base.after} after`,
      `${order.counter} available: ${balances.counter.before} before, ${balances.counter.after} after`,
    ]),
    ...notes,
    ...warnings.map(({ message }) => `Note: ${message}`),
    `Asked for by ${identity}`,
  ].join("\n");
}

function stopWords({ stopPrice, stopDirection }: Order): string | undefined {
  if (stopPrice === undefined) return undefined;
  if (stopDirection === "RELATIVE_LAST_TRADE") return `once a trade reaches ${stopPrice}`;
  return `once a trade is at ${stopPrice} or ${stopDirection === "ABOVE" ? "above" : "below"}`;
}

/** An exact order in one line. */

import type { Order } from "./order.ts";

/** One line: `BUY 0.01 XBT in XBTZAR at 1200000 ZAR each (limit, GTC)`. */
export function describeOrder(order: Order): string {
  const { side, volume, counterVolume, base, counter, pair, price, type, timeInForce, postOnly } = order;
  const amount = volume === undefined ? `for ${counterVolume} ${counter}` : `${volume} ${base}`;
  const at = price === undefined ? "at the market's price" : `at ${price} ${counter} each`;
  const terms = [type.replace("_", "-"), timeInForce, postOnly ? "post-only" : undefined, stopWords(order)];
  return `${side} ${amount} in ${pair} ${at} (${terms.filter((term) => term !== undefined).join(", ")})`;
}

function stopWords({ stopPrice, stopDirection }: Order): string | undefined {
  if (stopPrice === undefined) return undefined;
  if (stopDirection === "RELATIVE_LAST_TRADE") return `once a trade reaches ${stopPrice}`;
  return `once a trade is at ${stopPrice} or ${stopDirection === "ABOVE" ? "above" : "below"}`;
}

/** Figures derived from the best bid and the best ask of a book. */

import { formatDecimal, formatPercent, parseDecimal } from "../money/decimals.ts";
import { middleOf } from "../money/rounding.ts";

/** The warning when {@linkcode isCrossed}. */
export const CROSSED = "the book is crossed: its best bid is not below its best ask, so spread and mid mean little";

/** Tells whether a bid is not below an ask, which is so only in a book that trades. */
export function isCrossed(bid: string | null = null, ask: string | null = null): boolean {
  return bid !== null && ask !== null && parseDecimal(bid).gte(ask);
}

/** Decimals; all `null` when a side is empty. The percentage is relative to the mid price. */
export function spreadOf(
  bid: string | undefined,
  ask: string | undefined,
): Record<"mid" | "spread" | "spread_percent", string | null> {
  if (bid === undefined || ask === undefined) return { mid: null, spread: null, spread_percent: null };
  const best = { bid: parseDecimal(bid), ask: parseDecimal(ask) };
  const mid = middleOf(best.bid, best.ask);
  const spread = best.ask.minus(best.bid);
  return { mid: formatDecimal(mid), spread: formatDecimal(spread), spread_percent: formatPercent(spread, mid, 4) };
}

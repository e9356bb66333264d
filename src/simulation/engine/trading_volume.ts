import Big from "big.js";
import { DAY_MS, startOfDay } from "../days.ts";
import type { TradedMarket } from "./market.ts";
import type { UserTrade } from "./orders.ts";

/**
 * The period whose fills count at a time: `since` is inclusive, `before` exclusive, in milliseconds since the Unix
 * epoch.
 */
export function volumePeriod(nowMs: number): { readonly since: number; readonly before: number } {
  const before = startOfDay(nowMs);
  return { since: before - 30 * DAY_MS, before };
}

/**
 * The volume of own fills in a market, in its counter currency, in the thirty days before the last midnight (UTC): fees
 * are set once a day, without the current day. A trade with oneself counts on both sides.
 */
export function thirtyDayVolume(
  trades: readonly UserTrade[],
  { market, nowMs }: { readonly market: TradedMarket; readonly nowMs: number },
): Big {
  const { since, before } = volumePeriod(nowMs);
  return trades
    .filter((trade) => trade.market.id === market.id)
    .filter(({ timestamp }) => timestamp >= since && timestamp < before)
    .reduce((sum, { counter }) => sum.plus(counter), new Big(0));
}

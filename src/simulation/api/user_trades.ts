/** The paging rules of own fills. */

import type { UserTrade } from "../engine/orders.ts";
import type { Parameters } from "./parameters.ts";

/**
 * Picks one page: `since` and `after_seq` are inclusive, `before` and `before_seq` exclusive; oldest first, or newest
 * first with `before` or `sort_desc`.
 *
 * @param trades fills of one market, oldest first
 */
export function selectUserTrades(trades: readonly UserTrade[], parameters: Parameters): readonly UserTrade[] {
  const since = parameters.optionalInteger("since") ?? -Infinity;
  const before = parameters.optionalInteger("before") ?? Infinity;
  const afterSequence = parameters.optionalInteger("after_seq") ?? -Infinity;
  const beforeSequence = parameters.optionalInteger("before_seq") ?? Infinity;
  const newestFirst = parameters.boolean("sort_desc") || before !== Infinity;
  const limit = parameters.limit();
  const selected = trades.filter(({ timestamp, sequence }) =>
    timestamp >= since && timestamp < before && sequence >= afterSequence && sequence < beforeSequence
  );
  return (newestFirst ? selected.reverse() : selected).slice(0, limit);
}

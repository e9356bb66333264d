/** The paging of own fills. */

import type { UserTrade } from "../engine/orders.ts";
import type { Parameters } from "./parameters.ts";

/** One page of fills: `since` and `afterSequence` are inclusive, `before` and `beforeSequence` exclusive. */
export interface UserTradePage {
  /** Milliseconds since the Unix epoch. */
  readonly since: number | undefined;
  readonly before: number | undefined;
  readonly afterSequence: number | undefined;
  readonly beforeSequence: number | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** Parses the requested page: oldest first, or newest first with `before` or `sort_desc`. */
export function readUserTradePage(parameters: Parameters): UserTradePage {
  const since = parameters.optionalInteger("since");
  const before = parameters.optionalInteger("before");
  const afterSequence = parameters.optionalInteger("after_seq");
  const beforeSequence = parameters.optionalInteger("before_seq");
  const newestFirst = parameters.boolean("sort_desc") || before !== undefined;
  return { since, before, afterSequence, beforeSequence, newestFirst, limit: parameters.limit() };
}

/**
 * Selects one page.
 *
 * @param trades fills of one market, oldest first
 */
export function selectUserTrades(trades: readonly UserTrade[], page: UserTradePage): readonly UserTrade[] {
  const { since = -Infinity, before = Infinity, afterSequence = -Infinity, beforeSequence = Infinity } = page;
  const selected = trades.filter(({ timestamp, sequence }) =>
    timestamp >= since && timestamp < before && sequence >= afterSequence && sequence < beforeSequence
  );
  return (page.newestFirst ? selected.reverse() : selected).slice(0, page.limit);
}

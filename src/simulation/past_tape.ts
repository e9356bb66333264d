/** Sequences for the trades of an account's seeded past, which the public tape of that time does not hold. */

import type { Tape } from "./market_data.ts";

/**
 * A tape to record on. Trades before `startMs` only get a sequence, counted from 1 and so below every public one that
 * can still be read; they are too old for the public trades to show. Later ones go on `tape`.
 */
export function withPast(tape: Tape, startMs: number): Pick<Tape, "record"> {
  let past = 0;
  return {
    record: (marketId, trade) => trade.timestamp < startMs ? ++past : tape.record(marketId, trade),
  };
}

/** What each identity has used of its limits, for operators; nothing is decided by it. */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { readNumber, readText } from "../../state/sqlite.ts";
import { startOfMinute, startOfUtcDay } from "../policy/limits.ts";
import type { Worth } from "../orders/notional.ts";
import type { StoreConnection } from "./store_connection.ts";
import type { Trader } from "../orders/trader.ts";

/** Use of one identity, real and paper apart. */
export interface LimitsUsed extends Trader {
  /** Value of all orders of this UTC day, by the currency of the limit. */
  readonly today: readonly Worth[];
  /** Orders that are open, being sent, or of unknown outcome. */
  readonly openOrders: number;
  /** Orders that began within the last minute. */
  readonly ordersLastMinute: number;
}

/** Rows that are read at most; operators see the first by name. */
const MAX_ROWS = 1_000;

/** Everybody who has used something of a limit now, by name. */
export function readLimitsUsed(connection: StoreConnection, now: number): LimitsUsed[] {
  const used = new Map<string, LimitsUsed>();
  const change = (row: Row, changes: (before: LimitsUsed) => Partial<LimitsUsed>): void => {
    const [identity, paper] = [readText(row, "identity"), readNumber(row, "paper") === 1];
    const key = `${identity} ${paper}`;
    const before = used.get(key) ?? { identity, paper, today: [], openOrders: 0, ordersLastMinute: 0 };
    used.set(key, { ...before, ...changes(before) });
  };
  const day = `SELECT identity, paper, currency, amount FROM day_use WHERE day >= ?
    ORDER BY identity, paper, currency LIMIT ${MAX_ROWS}`;
  for (const row of connection.rows(day, startOfUtcDay(now))) {
    change(row, ({ today }) => ({ today: add(today, readText(row, "currency"), readText(row, "amount")) }));
  }
  const open = `SELECT identity, paper, count(*) AS count FROM placements WHERE is_alive = 1
    GROUP BY identity, paper ORDER BY identity LIMIT ${MAX_ROWS}`;
  for (const row of connection.rows(open)) change(row, () => ({ openOrders: readNumber(row, "count") }));
  const begun = `SELECT identity, paper, count(*) AS count FROM placements WHERE created_at > ?
    GROUP BY identity, paper ORDER BY identity LIMIT ${MAX_ROWS}`;
  for (const row of connection.rows(begun, startOfMinute(now))) {
    change(row, () => ({ ordersLastMinute: readNumber(row, "count") }));
  }
  return [...used.values()].toSorted((one, other) => one.identity < other.identity ? -1 : 1);
}

type Row = ReturnType<StoreConnection["rows"]>[number];

/** Sums of one currency stand apart for each exchange and day. */
function add(sums: readonly Worth[], currency: string, amount: string): Worth[] {
  const before = sums.find((sum) => sum.currency === currency)?.amount ?? "0";
  const after = formatDecimal(new Big(parseDecimal(before)).plus(parseDecimal(amount)));
  const others = sums.filter((sum) => sum.currency !== currency);
  return after === "0" ? others : [...others, { currency, amount: after }];
}

/**
 * What the limits of a policy are held against, read from the record: sums of a UTC day (kept, so that a limit per day
 * costs no counting), open orders, orders of a minute, refusals.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { readNumber, readText } from "../../state/sqlite.ts";
import type { Worth } from "../orders/notional.ts";
import type { Trader } from "../orders/trader.ts";
import { startOfCoolOff, startOfMinute, startOfUtcDay } from "../policy/limits.ts";
import type { CountingLimits, Use } from "../policy/limits.ts";
import type { Placement } from "./recorded_placement.ts";
import type { StoreConnection } from "./store_connection.ts";

/** Refusals that may come in after a cool-off has begun, of orders that were on their way. */
const MAX_LATE_REFUSALS = 500;

/** What of a placement counts, and for which day. */
export type Reserved = Pick<Placement, "identity" | "paper" | "venue" | "notional" | "createdAt">;

/** The sums; they change in the transaction that changes the placement. */
export class LimitUse {
  readonly #connection: StoreConnection;

  constructor(connection: StoreConnection) {
    this.#connection = connection;
  }

  /** Counts a placement that may exist. */
  reserve(placement: Reserved): void {
    this.#change(placement, 1);
  }

  /** Counts a placement no longer, as it does not exist. */
  release(placement: Reserved): void {
    this.#change(placement, -1);
  }

  /** Reads only what the policy limits. Rows from the future, after a clock was set back, count as of today and now. */
  of(
    who: Trader & { readonly venue: string },
    { policy, now }: { readonly policy: CountingLimits; readonly now: number },
  ): Use {
    const { maxPerDay, maxOpenOrders, maxOrdersPerMinute, coolOff } = policy;
    const of = [who.identity, who.paper ? 1 : 0, who.venue];
    const open = maxOpenOrders === undefined ? undefined : this.#connection.row(
      "SELECT count(*) AS count FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND is_alive = 1",
      ...of,
    );
    const begun = maxOrdersPerMinute === undefined ? [] : this.#connection.rows(
      `SELECT created_at FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND created_at > ?
       ORDER BY created_at DESC LIMIT ?`,
      ...[...of, startOfMinute(now), maxOrdersPerMinute],
    );
    const refusals = coolOff === undefined ? [] : this.#connection.rows(
      `SELECT settled_at FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND settled_at > ?
         AND state = 'not_placed' AND sent_at IS NOT NULL ORDER BY settled_at DESC LIMIT ?`,
      ...[...of, startOfCoolOff(coolOff, now), coolOff.rejects + MAX_LATE_REFUSALS],
    );
    return {
      spentToday: maxPerDay === undefined ? [] : this.#daySums(now, { ...who, currency: maxPerDay.currency }),
      openOrders: open === undefined ? 0 : readNumber(open, "count"),
      begun: begun.map((row) => readNumber(row, "created_at")).reverse(),
      refusals: refusals.map((row) => readNumber(row, "settled_at")).reverse(),
    };
  }

  /**
   * The sums of the day of `now` in a currency; of later days too, where a clock was set back. They are to be added.
   */
  #daySums(
    now: number,
    { identity, paper, venue, currency }: Trader & { readonly venue: string; readonly currency: string },
  ): string[] {
    const rows = this.#connection.rows(
      "SELECT amount FROM day_use WHERE identity = ? AND paper = ? AND venue = ? AND currency = ? AND day >= ?",
      ...[identity, paper ? 1 : 0, venue, currency, startOfUtcDay(now)],
    );
    return rows.map((row) => readText(row, "amount"));
  }

  #change({ identity, paper, venue, notional, createdAt }: Reserved, sign: 1 | -1): void {
    if (notional === null) return;
    const key = [identity, paper ? 1 : 0, venue, notional.currency, startOfUtcDay(createdAt)];
    const row = this.#connection.row(
      "SELECT amount FROM day_use WHERE identity = ? AND paper = ? AND venue = ? AND currency = ? AND day = ?",
      ...key,
    );
    const before = row === undefined ? new Big(0) : parseDecimal(readText(row, "amount"));
    const after = before.plus(parseDecimal(notional.amount).times(sign));
    this.#connection.run(
      "INSERT OR REPLACE INTO day_use (identity, paper, venue, currency, day, amount) VALUES (?, ?, ?, ?, ?, ?)",
      ...[...key, formatDecimal(after)],
    );
  }
}

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

/** What everybody has used of the limits now, by name: for operators, nothing is decided by it. */
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

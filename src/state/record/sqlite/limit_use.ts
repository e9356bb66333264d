/** What counts against limits, in SQLite. */

import { daySumOf, limitsUsed, MAX_USE_ROWS, useQueryOf } from "../../../trading/record/limit_use.ts";
import type { LimitsUsed } from "../../../trading/record/limit_use.ts";
import type { NewPlacement, Placement } from "../../../trading/record/recorded_placement.ts";
import { startOfMinute, startOfUtcDay } from "../../../trading/policy/limits.ts";
import type { CountingLimits, Use } from "../../../trading/policy/limits.ts";
import type { Trader } from "../../../trading/orders/trader.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import type { RecordConnection } from "./connection.ts";

const OF_ONE = "identity = ? AND account = ? AND venue = ?";

/** The sums; they change in the transaction that changes the placement. */
export class LimitUse {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  /** Adds or removes a placement's value. */
  change(placement: Pick<Placement, "identity" | "account" | "venue" | "notional" | "createdAt">, sign: 1 | -1): void {
    const sum = daySumOf(placement, sign);
    if (sum === undefined) return;
    const { identity, account, venue, currency, day } = sum.key;
    const key = [identity, account, venue, currency, day];
    const row = this.#connection.row(
      `SELECT amount FROM day_use WHERE ${OF_ONE} AND currency = ? AND day = ?`,
      ...key,
    );
    this.#connection.run(
      "INSERT OR REPLACE INTO day_use (identity, account, venue, currency, day, amount) VALUES (?, ?, ?, ?, ?, ?)",
      ...[...key, sum.after(row && readText(row, "amount"))],
    );
  }

  /** The use of an identity on one venue of an account. */
  of(
    { identity, account, venue }: Pick<NewPlacement, "identity" | "account" | "venue">,
    { limits, now }: { readonly limits: CountingLimits; readonly now: number },
  ): Use {
    const { day, open, begun, refusals } = useQueryOf(limits, now);
    const rows = (sql: string, ...values: (string | number)[]): Row[] =>
      this.#connection.rows(sql, identity, account, venue, ...values);
    const sums = day === undefined
      ? []
      : rows(`SELECT amount FROM day_use WHERE ${OF_ONE} AND currency = ? AND day >= ?`, day.currency, day.from);
    const [alive] = open ? rows(`SELECT count(*) AS count FROM placements WHERE ${OF_ONE} AND is_alive = 1`) : [];
    const [filling] = begun === undefined ? [] : rows(
      `SELECT created_at AS at FROM placements WHERE ${OF_ONE} AND created_at > ?
         ORDER BY created_at DESC LIMIT 1 OFFSET ?`,
      ...[begun.after, begun.newer],
    );
    const refused = refusals === undefined ? [] : rows(
      `SELECT settled_at AS at FROM placements WHERE ${OF_ONE} AND settled_at > ?
         AND state = 'not_placed' AND sent_at IS NOT NULL ORDER BY settled_at DESC LIMIT ?`,
      ...[refusals.after, refusals.newest],
    );
    return {
      spentToday: sums.map((row) => readText(row, "amount")),
      openOrders: alive === undefined ? 0 : readNumber(alive, "count"),
      minuteFullSince: filling && readNumber(filling, "at"),
      refusals: refused.map((row) => readNumber(row, "at")).reverse(),
    };
  }

  /** The use of all identities. */
  all(now: number): LimitsUsed[] {
    const counted = (condition: string, ...values: number[]) =>
      this.#connection.rows(
        `SELECT identity, account, count(*) AS count FROM placements WHERE ${condition}
           GROUP BY identity, account ORDER BY identity, account LIMIT ${MAX_USE_ROWS}`,
        ...values,
      ).map((row) => ({ ...traderOf(row), count: readNumber(row, "count") }));
    const sums = this.#connection.rows(
      `SELECT identity, account, currency, amount FROM day_use WHERE day >= ?
         ORDER BY identity, account, currency LIMIT ${MAX_USE_ROWS}`,
      startOfUtcDay(now),
    ).map((row) => ({ ...traderOf(row), currency: readText(row, "currency"), amount: readText(row, "amount") }));
    return limitsUsed({ sums, open: counted("is_alive = 1"), begun: counted("created_at > ?", startOfMinute(now)) });
  }
}

function traderOf(row: Row): Trader {
  return { identity: readText(row, "identity"), account: readText(row, "account") };
}

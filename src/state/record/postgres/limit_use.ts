/** What counts against limits, on PostgreSQL. */

import { daySumOf, limitsUsed, MAX_USE_ROWS } from "../../../trading/record/limit_use.ts";
import type { LimitsUsed } from "../../../trading/record/limit_use.ts";
import type { Placement } from "../../../trading/record/recorded_placement.ts";
import { startOfMinute, startOfUtcDay } from "../../../trading/policy/limits.ts";
import type { Trader } from "../../../trading/orders/trader.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import type { Session } from "./database.ts";

/** Adds or removes a placement's value, within the change that changes the placement. */
export async function countPlacement(
  { query }: Session,
  placement: Pick<Placement, "identity" | "account" | "venue" | "notional" | "createdAt">,
  sign: 1 | -1,
): Promise<void> {
  const sum = daySumOf(placement, sign);
  if (sum === undefined) return;
  const { identity, account, venue, currency, day } = sum.key;
  const key = [identity, account, venue, currency, day];
  const [row] = await query(
    "SELECT amount FROM day_use WHERE identity = $1 AND account = $2 AND venue = $3 AND currency = $4 AND day = $5",
    key,
  );
  await query(
    `INSERT INTO day_use (identity, account, venue, currency, day, amount) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (identity, account, venue, currency, day) DO UPDATE SET amount = excluded.amount`,
    [...key, sum.after(row && readText(row, "amount"))],
  );
}

/** The use of all identities at one moment. */
export async function readLimitsUsed({ query }: Session, now: number): Promise<LimitsUsed[]> {
  const counted = async (condition: string, ...values: number[]) => {
    const rows = await query(
      `SELECT identity, account, count(*) AS count FROM placements WHERE ${condition}
         GROUP BY identity, account ORDER BY identity, account LIMIT ${MAX_USE_ROWS}`,
      values,
    );
    return rows.map((row) => ({ ...traderOf(row), count: readNumber(row, "count") }));
  };
  const sums = await query(
    `SELECT identity, account, currency, amount FROM day_use WHERE day >= $1
       ORDER BY identity, account, currency LIMIT ${MAX_USE_ROWS}`,
    [startOfUtcDay(now)],
  );
  return limitsUsed({
    sums: sums.map((row) => ({
      ...traderOf(row),
      currency: readText(row, "currency"),
      amount: readText(row, "amount"),
    })),
    open: await counted("is_alive = 1"),
    begun: await counted("created_at > $1", startOfMinute(now)),
  });
}

function traderOf(row: Row): Trader {
  return { identity: readText(row, "identity"), account: readText(row, "account") };
}

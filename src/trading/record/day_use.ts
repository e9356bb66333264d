/** What each trader's placements of a UTC day are worth in all: sums, so that a limit per day costs no counting. */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { readText } from "../../state/sqlite.ts";
import type { Placement } from "./journal_rows.ts";
import { startOfUtcDay } from "../policy/limits.ts";
import type { StoreConnection } from "./store_connection.ts";
import type { Trader } from "../orders/trader.ts";

/** What of a placement counts, and for which day. */
export type Reserved = Pick<Placement, "identity" | "paper" | "venue" | "notional" | "createdAt">;

/** The sums; they change in the transaction that changes the placement. */
export class DayUse {
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

  /**
   * The sums of the day of `now` in a currency; of later days too, where a clock was set back. They are to be added.
   */
  since(
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

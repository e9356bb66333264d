/** Rows that are held against the audit, as every engine keeps them. */

import type { CheckedPlacement, CheckedSum } from "../../../trading/record/record_check.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readPlacement } from "./placement_row.ts";

/** A row of placements as it is held against the audit. */
export function checkedPlacement(row: Row): CheckedPlacement {
  const known = { clientOrderId: readText(row, "client_order_id"), isAlive: readNumber(row, "is_alive") === 1 };
  try {
    return { ...known, placement: readPlacement(row) };
  } catch {
    return { ...known, placement: undefined };
  }
}

/** A kept sum as it is held against the audit. */
export function checkedSum(row: Row): CheckedSum {
  const [identity, venue, currency, amount] = ["identity", "venue", "currency", "amount"].map((column) =>
    readText(row, column)
  ) as [string, string, string, string];
  return { identity, venue, currency, amount, paper: readNumber(row, "paper") === 1, day: readNumber(row, "day") };
}

/** Rows that are compared with the audit, for every engine. */

import type { CheckedPlacement, CheckedSum } from "../../../trading/record/record_check.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readPlacement } from "./placement_row.ts";

/** A placement to compare with the audit. */
export function checkedPlacement(row: Row): CheckedPlacement {
  const known = { clientOrderId: readText(row, "client_order_id"), isAlive: readNumber(row, "is_alive") === 1 };
  try {
    return { ...known, placement: readPlacement(row) };
  } catch {
    return { ...known, placement: undefined };
  }
}

/** A stored sum to compare with the audit. */
export function checkedSum(row: Row): CheckedSum {
  return {
    identity: readText(row, "identity"),
    account: readText(row, "account"),
    venue: readText(row, "venue"),
    currency: readText(row, "currency"),
    amount: readText(row, "amount"),
    day: readNumber(row, "day"),
  };
}

/** Rows of accounts, for every engine. */

import type { AccountRow } from "../../../trading/record/accounts.ts";
import { readText } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `accounts`. */
export function readAccount(row: Row): AccountRow {
  return { id: readText(row, "id"), exchange: readText(row, "exchange") };
}

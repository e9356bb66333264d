/** Paper accounts and their rows, for every engine. */

import { ROW_KINDS } from "../../../simulation/engine/ledger.ts";
import type { PaperAccount } from "../../../simulation/paper/ledger.ts";
import type { AccountRow } from "../../../simulation/paper/ledger_values.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readWord } from "./paper_order_row.ts";

/** Rows of one account to keep; older ones are deleted, the newest keep their numbers. */
export const MAX_ROWS = 50_000;

/** How far that limit may be exceeded before rows are deleted. */
export const SLACK_ROWS = 1_000;

/** Parses an account. */
export function toAccount(row: Row): PaperAccount {
  return {
    id: readText(row, "id"),
    currency: readText(row, "currency"),
    balance: readText(row, "balance"),
    available: readText(row, "available"),
    rows: readNumber(row, "rows"),
  };
}

/** Parses a row of an account. */
export function toAccountRow(row: Row): AccountRow {
  const pair = readText(row, "pair");
  const trade = {
    pair,
    price: readText(row, "price"),
    volume: readText(row, "volume"),
    sequence: readNumber(row, "sequence"),
  };
  return {
    index: readNumber(row, "row_index"),
    timestamp: readNumber(row, "timestamp"),
    balance: readText(row, "balance"),
    available: readText(row, "available"),
    balanceDelta: readText(row, "balance_delta"),
    availableDelta: readText(row, "available_delta"),
    kind: readWord(row, "kind", ROW_KINDS),
    description: readText(row, "description"),
    reference: readText(row, "reference"),
    ...(pair === "" ? {} : { trade }),
  };
}

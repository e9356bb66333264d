/** What paper orders took from the real book, as every engine keeps it. */

import type { TakenLevel } from "../../../simulation/paper/ledger.ts";
import { readNumber } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readWord } from "./paper_order_row.ts";

/** A level of a row. */
export function toLevel(row: Row): TakenLevel {
  return {
    side: readWord(row, "side", ["BUY", "SELL"]),
    price: readNumber(row, "price"),
    lots: readNumber(row, "lots"),
    untilMs: readNumber(row, "until_ms"),
  };
}

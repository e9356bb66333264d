/** Volume that paper orders took from the real book, for every engine. */

import type { TakenLevel } from "../../../simulation/paper/ledger.ts";
import { readNumber } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readWord } from "./paper_order_row.ts";

/** Parses a level. */
export function toLevel(row: Row): TakenLevel {
  return {
    side: readWord(row, "side", ["BUY", "SELL"]),
    price: readNumber(row, "price"),
    lots: readNumber(row, "lots"),
    untilMs: readNumber(row, "until_ms"),
  };
}

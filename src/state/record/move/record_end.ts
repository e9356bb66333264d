/** One end of a move: a record that nobody else uses or changes meanwhile, in one transaction. */

import type { Verification } from "../../../trading/record/audit.ts";
import type { Row } from "../../row.ts";
import type { MovedTable, RecordState } from "./tables.ts";

/** What is moved from, or to; of the latter nothing is kept unless all of it is. */
export interface RecordEnd {
  /** The record as operators know it. */
  readonly name: string;
  /** Why it must not be touched: who uses it; `undefined` where nobody does. */
  usedBy(): Promise<string | undefined>;
  hasRows(table: MovedTable): Promise<boolean>;
  /** All rows in their order, one after the other. */
  rows(table: MovedTable): AsyncIterable<Row>;
  state(): Promise<RecordState>;
  /** Adds rows behind those that are there. */
  add(table: MovedTable, rows: readonly Row[]): Promise<void>;
  /** Sets what the record has once. */
  setState(state: RecordState): Promise<void>;
  /** Holds the audit, archive files first, against itself and against the tables. */
  verify(): Promise<Verification>;
}

/** Which of the two: a `source` stays as it is. */
export type EndRole = "source" | "target";

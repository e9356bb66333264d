/** One end of a move: a record that nobody else uses or changes meanwhile, in one transaction. */

import type { Verification } from "../../../trading/record/audit.ts";
import type { Row } from "../../row.ts";
import type { MovedTable, RecordState } from "./tables.ts";

/** The source or the target of a move; a target is committed completely or not at all. */
export interface RecordEnd {
  /** The record's name for operators. */
  readonly name: string;
  /** Why it must not be moved: who uses it; `undefined` when nobody does. */
  usedBy(): Promise<string | undefined>;
  hasRows(table: MovedTable): Promise<boolean>;
  /** All rows of a table, in order. */
  rows(table: MovedTable): AsyncIterable<Row>;
  state(): Promise<RecordState>;
  /** Appends rows. */
  add(table: MovedTable, rows: readonly Row[]): Promise<void>;
  /** Sets the values that the record has once. */
  setState(state: RecordState): Promise<void>;
  /** Verifies the audit, archive files first, and the tables against it. */
  verify(): Promise<Verification>;
}

/** The role of an end: a `source` stays unchanged. */
export type EndRole = "source" | "target";

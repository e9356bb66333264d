/** One connection to `trading.db`: transactions that hold whole or not at all, and one kind of error for what fails. */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { StoreError } from "../../../trading/record/store_error.ts";
import { inTransaction, isOutdated } from "../../sqlite.ts";
import type { Row } from "../../row.ts";
import { MIGRATIONS } from "./record_schema.ts";
import { sqliteFailure, StateError } from "../../state_error.ts";

/** The database under all parts of the record. */
export class RecordConnection {
  readonly #database: DatabaseSync;
  /** By their texts, all of which stand in this program. */
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isDoomed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Whether a transaction of this connection is running. */
  get isInTransaction(): boolean {
    return this.#depth > 0;
  }

  /**
   * Runs `body` while nobody else writes; all that it wrote is kept when it returns, nothing when it throws. Inside of
   * another one it becomes part of that, which is then kept or undone as a whole.
   *
   * @throws {StoreError} nothing was written
   */
  transaction<Result>(body: () => Result): Result {
    if (this.#depth > 0) return this.#nested(body);
    this.#isDoomed = false;
    return this.#storing(() =>
      inTransaction(this.#database, MIGRATIONS, () => {
        const result = this.#counted(body);
        if (this.#isDoomed) throw new TypeError("Cannot commit as a part of the transaction has failed");
        return result;
      })
    );
  }

  /** Runs `body`, which only reads, on one state of the record. */
  snapshot<Result>(body: () => Result): Result {
    if (this.#database.isTransaction) return body();
    return this.#storing(() => {
      this.#database.exec("BEGIN");
      try {
        return body();
      } finally {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      }
    });
  }

  /** Runs a statement that answers nothing. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.#storing(() => this.#statement(sql).run(...values));
  }

  /** The first row of an answer. */
  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#storing(() => this.#statement(sql).get(...values));
  }

  /** A whole answer; its query bounds it. */
  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#storing(() => this.#statement(sql).all(...values));
  }

  /** Row after row, for answers that are too long to hold. */
  *each(sql: string): Generator<Row> {
    try {
      yield* this.#database.prepare(sql).iterate();
    } catch (error) {
      throw this.#storeErrorOf(error);
    }
  }

  /** A second time does nothing. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #nested<Result>(body: () => Result): Result {
    try {
      return this.#counted(body);
    } catch (error) {
      this.#isDoomed = true;
      throw error;
    }
  }

  #counted<Result>(body: () => Result): Result {
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }

  #storing<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      throw this.#storeErrorOf(error);
    }
  }

  #storeErrorOf(error: unknown): unknown {
    if (error instanceof StateError) return new StoreError(error.failure, error);
    if (!(error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")) return error;
    const failure = sqliteFailure(error.message);
    const isNewer = failure === "unusable" && isOutdated(this.#database, MIGRATIONS);
    return new StoreError(isNewer ? "outdated" : failure, error);
  }
}

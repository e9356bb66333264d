/** One connection to `trading.db`: atomic transactions, and one kind of error for all failures. */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { StoreError } from "../../../trading/record/store_error.ts";
import { inTransaction, isOutdated } from "../../sqlite.ts";
import type { Row } from "../../row.ts";
import { MIGRATIONS } from "./record_schema.ts";
import { sqliteFailure, StateError } from "../../state_error.ts";

/** The database under all parts of the record. */
export class RecordConnection {
  readonly #database: DatabaseSync;
  /** Prepared statements by their texts, all of which are constants. */
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #isDoomed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Whether a transaction of this connection is open. */
  get isInTransaction(): boolean {
    return this.#depth > 0;
  }

  /**
   * Runs `body` with the write lock; the transaction is committed when it returns, rolled back when it throws. Within
   * another one it becomes part of that.
   *
   * @throws {StoreError} when nothing was written
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

  /** Runs a `body` that only reads, on one state of the record. */
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

  /** Runs a statement without a result. */
  run(sql: string, ...values: SQLInputValue[]): void {
    this.#storing(() => this.#statement(sql).run(...values));
  }

  /** The first row of a result. */
  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#storing(() => this.#statement(sql).get(...values));
  }

  /** A whole result, which the query must bound. */
  rows(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#storing(() => this.#statement(sql).all(...values));
  }

  /** The rows of a result one by one, for results too large for memory. */
  *each(sql: string): Generator<Row> {
    try {
      yield* this.#database.prepare(sql).iterate();
    } catch (error) {
      throw this.#storeErrorOf(error);
    }
  }

  /** Repeating it has no effect. */
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

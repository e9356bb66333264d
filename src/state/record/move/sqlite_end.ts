/** The record in a state folder as one end of a move: its databases, each locked for all others. */

import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { checkKeys, readExpectedKeys, writeExpectedKeys } from "../../../access/expected_keys.ts";
import type { KeysMark } from "../../../access/keys.ts";
import type { Verification } from "../../../trading/record/audit.ts";
import { lockedInstances } from "../../instance_lock.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { openDatabase } from "../../sqlite.ts";
import { StateError } from "../../state_error.ts";
import { answering } from "../sqlite/answering.ts";
import { MIGRATIONS as KEYS_MIGRATIONS } from "../sqlite/keys.ts";
import { KEYS_FILE } from "../sqlite/open_keys.ts";
import { PAPER_FILE } from "../sqlite/open_paper_ledger.ts";
import { MIGRATIONS as PAPER_MIGRATIONS } from "../sqlite/paper/schema.ts";
import { SqliteRecord } from "../sqlite/record.ts";
import { MIGRATIONS } from "../sqlite/record_schema.ts";
import { TRADING_DATABASE } from "../sqlite/trading_database.ts";
import type { EndRole, RecordEnd } from "./record_end.ts";
import type { MovedTable, RecordState } from "./tables.ts";

/**
 * Runs `body` on it; additions are committed when that resolves.
 *
 * @throws {StateError} when it cannot be used
 */
export async function withSqliteEnd<Result>(
  { folder, role }: { readonly folder: string; readonly role: EndRole },
  body: (end: RecordEnd) => Promise<Result>,
): Promise<Result> {
  const expected = await readExpectedKeys(folder);
  if (!expected.ok) throw new StateError(expected.problem, { path: folder });
  const hasKeys = role === "target" || isThere(join(folder, KEYS_FILE));
  if (role === "source" && !isThere(join(folder, TRADING_DATABASE))) {
    throw new StateError(`Cannot move ${folder} as there is no ${TRADING_DATABASE} in it`, { path: folder });
  }
  using end = new SqliteEnd(folder, { hasKeys, expected: expected.mark });
  if (role === "source") end.checkExpected((await end.state()).keyStore);
  const result = await body(end);
  const mark = role === "target" ? end.commit() : undefined;
  if (mark !== undefined) await writeExpectedKeys(folder, mark);
  return result;
}

class SqliteEnd implements RecordEnd, Disposable {
  readonly name: string;
  readonly #trading: DatabaseSync;
  readonly #keys: DatabaseSync | undefined;
  /** Absent until somebody has traded on paper. */
  #paper: DatabaseSync | undefined;
  readonly #expected: KeysMark | undefined;

  constructor(folder: string, { hasKeys, expected }: { hasKeys: boolean; expected: KeysMark | undefined }) {
    this.name = folder;
    this.#expected = expected;
    this.#trading = openDatabase(join(folder, TRADING_DATABASE), { migrations: MIGRATIONS, durable: true });
    try {
      this.#keys = hasKeys ? openDatabase(join(folder, KEYS_FILE), { migrations: KEYS_MIGRATIONS }) : undefined;
      for (const database of this.#databases) this.#answering(() => database.exec("BEGIN IMMEDIATE"));
      if (isThere(join(folder, PAPER_FILE))) this.#paper = this.#openPaper();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  usedBy(): Promise<string | undefined> {
    const count = lockedInstances(this.name).length;
    return Promise.resolve(count === 0 ? undefined : `${count === 1 ? "a server runs" : `${count} servers run`} on it`);
  }

  hasRows(table: MovedTable): Promise<boolean> {
    return Promise.resolve(this.#first(table, `SELECT 1 FROM ${ownName(table)} LIMIT 1`) !== undefined);
  }

  async *rows(table: MovedTable): AsyncGenerator<Row> {
    const text = `SELECT ${table.columns.join(", ")} FROM ${ownName(table)} ORDER BY ${table.order.sqlite}`;
    const rows = this.#answering(() => this.#databaseOf(table)?.prepare(text).iterate()) ?? [];
    yield* rows;
  }

  state(): Promise<RecordState> {
    const head = this.#one("SELECT seq, hash FROM audit_head");
    const start = this.#one("SELECT seq, hash, kept_from FROM audit_start");
    const halt = this.#one("SELECT is_halted, at, by, reason, is_file_noted FROM kill_switch");
    return Promise.resolve({
      head: { seq: readNumber(head, "seq"), hash: readText(head, "hash") },
      start: {
        seq: readNumber(start, "seq"),
        hash: readText(start, "hash"),
        keptFrom: readNumber(start, "kept_from"),
      },
      halt: {
        isHalted: readNumber(halt, "is_halted"),
        at: readNumber(halt, "at"),
        by: readText(halt, "by"),
        reason: readText(halt, "reason"),
        isFileNoted: readNumber(halt, "is_file_noted") === 1,
      },
      keyStore: this.#mark(),
    });
  }

  add(table: MovedTable, rows: readonly Row[]): Promise<void> {
    this.#answering(() => {
      const places = table.columns.map(() => "?").join(", ");
      if (table.file === "paper") this.#paper ??= this.#openPaper();
      const text = `INSERT INTO ${ownName(table)} (${table.columns.join(", ")}) VALUES (${places})`;
      const insert = this.#databaseOf(table)?.prepare(text);
      for (const row of rows) insert?.run(...table.columns.map((column) => row[column] as SQLInputValue));
    });
    return Promise.resolve();
  }

  setState({ head, start, halt, keyStore }: RecordState): Promise<void> {
    this.checkExpected(keyStore);
    this.#run("UPDATE audit_head SET seq = ?, hash = ?", head.seq, head.hash);
    this.#run("UPDATE audit_start SET seq = ?, hash = ?, kept_from = ?", start.seq, start.hash, start.keptFrom);
    const noted = halt.isFileNoted ? 1 : 0;
    this.#run(
      "UPDATE kill_switch SET is_halted = ?, at = ?, by = ?, reason = ?, is_file_noted = ?",
      ...[halt.isHalted, halt.at, halt.by, halt.reason, noted],
    );
    if (keyStore !== undefined) {
      const { store, revision } = keyStore;
      this.#answering(() => this.#keys?.prepare("UPDATE store SET id = ?, revision = ?").run(store, revision));
    }
    return Promise.resolve();
  }

  verify(): Promise<Verification> {
    return Promise.resolve(new SqliteRecord(this.#trading, { folder: this.name }).audit.verify());
  }

  /** @throws {StateError} when these are not the expected keys of the folder */
  checkExpected(mark: KeysMark | undefined): void {
    const [problem] = checkKeys(this.name, { expected: this.#expected, found: mark });
    if (problem !== undefined) throw new StateError(`Cannot move: ${problem}`, { path: this.name });
  }

  /**
   * The keys first: without the record they allow no order, while the record without keys would admit everyone. The
   * record last: what was committed before it is found to be equal when an interrupted move is repeated.
   */
  commit(): KeysMark | undefined {
    const mark = this.#mark();
    for (const database of this.#databases) this.#answering(() => database.exec("COMMIT"));
    return mark;
  }

  [Symbol.dispose](): void {
    for (const database of this.#databases) database.close();
  }

  get #databases(): DatabaseSync[] {
    return [this.#keys, this.#paper, this.#trading].filter((database) => database !== undefined);
  }

  #mark(): KeysMark | undefined {
    const row = this.#answering(() => this.#keys?.prepare("SELECT id, revision FROM store").get());
    const revision = row === undefined ? 0 : readNumber(row, "revision");
    return row === undefined || revision === 0 ? undefined : { store: readText(row, "id"), revision };
  }

  #databaseOf(table: MovedTable): DatabaseSync | undefined {
    return table.file === "keys" ? this.#keys : table.file === "paper" ? this.#paper : this.#trading;
  }

  #openPaper(): DatabaseSync {
    const database = openDatabase(join(this.name, PAPER_FILE), { migrations: PAPER_MIGRATIONS, durable: true });
    this.#answering(() => database.exec("BEGIN IMMEDIATE"));
    return database;
  }

  #first(table: MovedTable, text: string): Row | undefined {
    return this.#answering(() => this.#databaseOf(table)?.prepare(text).get());
  }

  #one(text: string): Row {
    return this.#answering(() => this.#trading.prepare(text).get()) ?? {};
  }

  #run(text: string, ...values: readonly SQLInputValue[]): void {
    this.#answering(() => this.#trading.prepare(text).run(...values));
  }

  #answering<Value>(body: () => Value): Value {
    return answering(this.name, body);
  }
}

function ownName({ name, own = name }: MovedTable): string {
  return own;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * The database under all parts of the record. Changes are serialized over all servers: each first locks the row at the
 * end of the audit, so that what it has read is still true when it writes, and there is a single chain. Reads use
 * connections of their own and wait for no change.
 */

import { getLogger } from "../../../logging/logger.ts";
import { rowAfter } from "../../../trading/record/audit_row.ts";
import type { AuditEvent, AuditRow } from "../../../trading/record/audit_row.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import { OutdatedNotice } from "../outdated_notice.ts";
import { MIGRATIONS } from "./schema.ts";
import type { Database, Session, TransactionOptions, Value } from "./database.ts";
import { continuesFrom } from "./seen_head.ts";
import type { Head, SeenHead } from "./seen_head.ts";

/** A change in progress: it decides on what it reads. */
export interface Change extends Session {
  /**
   * Whether the record contains everything that this machine has seen in it. After a restore to an earlier moment it
   * does not.
   */
  readonly isWhole: boolean;
  /** Appends rows to the audit; they are written at the end of the change. */
  append(events: readonly AuditEvent[], now: number): void;
}

/** Parts of a {@linkcode RecordConnection}. */
export interface RecordConnectionOptions {
  /** Has one connection, so that changes take effect in call order; absent when nothing may be changed. */
  readonly writer: Database | undefined;
  readonly reader: Database;
  /** What this machine has seen of the audit. */
  readonly seen: SeenHead;
  /** Redacts secrets in audit rows. */
  readonly redact: Redact;
  /** How long a change waits for others, in milliseconds. */
  readonly patienceMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

const log = getLogger(["luno-mcp-server", "trading"]);
const ROLLED_BACK = { see: "docs/scaling.md, Backup and restore" };

/** The most changes that may wait. */
const MAX_WAITING = 1_000;

/** Rows of a long answer in memory at a time. */
const CURSOR_ROWS = 1_000;

/** The database of a record, as described above. */
export class RecordConnection {
  readonly #options: RecordConnectionOptions;
  /** The last requested change. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Whether it was logged that the database lacks rows. */
  #isTold = false;
  readonly #outdated = new OutdatedNotice();
  /** When the database was last unreachable. */
  #hindrance: { readonly error: StoreError; readonly atMs: number } | undefined;
  /** Called for each audit row that is appended here; its change may still be rolled back. */
  listener: ((row: AuditRow) => void) | undefined;

  constructor(options: RecordConnectionOptions) {
    this.#options = options;
  }

  /**
   * Makes a change, which is rolled back when this rejects. It takes effect after all changes requested here before.
   *
   * @throws {StoreError}
   */
  change<Result>(body: (change: Change) => Promise<Result>): Promise<Result> {
    const { writer, monotonic } = this.#options;
    if (writer === undefined) return Promise.reject(new StoreError("read_only"));
    if (this.#waiting >= MAX_WAITING) return Promise.reject(new StoreError("overloaded"));
    this.#waiting++;
    const askedMs = monotonic();
    const made = this.#last.then(() => this.#patiently(() => this.#change(writer, body), askedMs));
    this.#last = made.catch(() => {}).finally(() => this.#waiting--);
    return made;
  }

  /**
   * Reads by one statement, from one state of the record.
   *
   * @throws {StoreError}
   */
  async rows(text: string, ...values: readonly Value[]): Promise<Row[]> {
    return await storing(() => this.#options.reader.read(text, values));
  }

  /** The first row of an answer. @throws {StoreError} */
  async row(text: string, ...values: readonly Value[]): Promise<Row | undefined> {
    return (await this.rows(text, ...values))[0];
  }

  /**
   * Writes by one statement that no other change depends on.
   *
   * @throws {StoreError}
   */
  async write(text: string, ...values: readonly Value[]): Promise<Row[]> {
    const { writer } = this.#options;
    if (writer === undefined) throw new StoreError("read_only");
    return await storing(() => writer.write(text, values));
  }

  /** Runs several reads on one state of the record. @throws {StoreError} */
  async snapshot<Result>(
    body: (session: Session) => Promise<Result>,
    options: TransactionOptions = {},
  ): Promise<Result> {
    return await storing(() => this.#options.reader.snapshot(body, options));
  }

  /**
   * Reads the present end of the audit, and remembers it.
   *
   * @throws {StoreError}
   */
  async look(): Promise<void> {
    const { seen } = this.#options;
    const { last } = seen;
    const row = await this.row(HEAD, last.seq);
    const isWhole = isWholeIn(row, last);
    const head = this.#headOf(row);
    if (isWhole) seen.note(head);
    else if (!this.#isTold) {
      log.error("the trading database lacks rows that this machine has seen; no order is sent", ROLLED_BACK);
    }
    this.#isTold = !isWhole;
    await seen.keep();
  }

  /** @throws {StoreError} */
  #headOf(row: Row | undefined): Head {
    try {
      return headOf(row);
    } catch (error) {
      this.#outdated.hear(error);
      throw error;
    }
  }

  /** Closes the connections after the operations requested before. */
  async close(): Promise<void> {
    await this.#last;
    await this.#options.seen.close();
    await Promise.all([this.#options.writer?.close(), this.#options.reader.close()]);
  }

  async #change<Result>(writer: Database, body: (change: Change) => Promise<Result>): Promise<Result> {
    const { seen } = this.#options;
    let isWhole = false;
    let last: Pick<AuditRow, "seq" | "hash"> = { seq: 0, hash: "" };
    const changed = await storing(() =>
      writer.transaction(async ({ query }) => {
        const before = seen.last;
        const [row] = await query(`${HEAD} FOR UPDATE`, [before.seq]);
        last = this.#headOf(row);
        isWhole = isWholeIn(row, before);
        const added: AuditRow[] = [];
        const append = (events: readonly AuditEvent[], now: number): void => {
          for (const event of events) added.push(last = rowAfter(last, event, { now, redact: this.#options.redact }));
        };
        const result = await body({ query, append, isWhole });
        if (added.length > 0) await this.#write({ query }, added);
        return result;
      })
    );
    if (isWhole) seen.note({ seq: last.seq, hash: last.hash });
    return changed;
  }

  async #write({ query }: Session, rows: readonly AuditRow[]): Promise<void> {
    const column = <Name extends keyof AuditRow>(name: Name) => rows.map((row) => row[name]);
    await query(
      `WITH added AS (
         INSERT INTO audit (seq, at, identity, event, client_order_id, order_id, data, previous, hash, venue,
           account)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
           $8::text[], $9::text[], $10::text[], $11::text[]) RETURNING seq, hash
       )
       UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM added ORDER BY seq DESC LIMIT 1) WHERE id = 1`,
      [
        column("seq"),
        column("at"),
        column("identity"),
        column("event"),
        column("clientOrderId"),
        column("orderId"),
        column("data"),
        column("previous"),
        column("hash"),
        column("venue"),
        column("account"),
      ],
    );
    for (const row of rows) this.listener?.(row);
  }

  /** Retries while others have locked the record, as nothing was done then; no caller waits longer than useful. */
  async #patiently<Result>(ask: () => Promise<Result>, askedMs: number): Promise<Result> {
    const { patienceMs, monotonic } = this.#options;
    // An obstacle that appeared after this change was requested would stop it too.
    const hindrance = this.#hindrance;
    if (hindrance !== undefined && hindrance.atMs >= askedMs && monotonic() - askedMs >= patienceMs) {
      throw hindrance.error;
    }
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (error.failure === "unavailable") this.#hindrance = { error, atMs: monotonic() };
        if (error.failure !== "busy" || monotonic() - askedMs >= patienceMs) throw error;
      }
    }
  }
}

/** The end of the audit, and the row that is at the position last seen. */
const HEAD = `SELECT seq, hash, (SELECT a.hash FROM audit a WHERE a.seq = $1) AS seen,
  (SELECT s.seq FROM audit_start s WHERE s.id = 1) AS archived, schema_version FROM audit_head WHERE id = 1`;

/** The version is part of the locked row: after waiting for the lock, a change sees what was written meanwhile. */
function headOf(row: Row | undefined): Head {
  if (row === undefined) throw new StoreError("damaged");
  if (readNumber(row, "schema_version") > MIGRATIONS.length) throw new StoreError("outdated");
  return { seq: readNumber(row, "seq"), hash: readText(row, "hash") };
}

/** `seen` is the row that was asked about. */
function isWholeIn(row: Row | undefined, seen: Head): boolean {
  return row !== undefined &&
    continuesFrom(seen, { hash: readTextOrNull(row, "seen"), archived: readNumber(row, "archived") });
}

/** The rows of a query without parameters one by one, for results too large for memory. */
export async function* each({ query }: Session, name: string, text: string): AsyncGenerator<Row> {
  await query(`DECLARE ${name} NO SCROLL CURSOR FOR ${text}`);
  for (;;) {
    const rows = await query(`FETCH ${CURSOR_ROWS} FROM ${name}`);
    if (rows.length === 0) break;
    yield* rows;
  }
  await query(`CLOSE ${name}`);
}

async function storing<Result>(body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    throw error instanceof StateError ? new StoreError(error.failure, error) : error;
  }
}

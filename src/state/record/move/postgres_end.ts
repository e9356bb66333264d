/** The record in a PostgreSQL database as one end of a move, locked for all others. */

import type { Verification } from "../../../trading/record/audit.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { Database } from "../postgres/database.ts";
import type { Session } from "../postgres/database.ts";
import { CLOCK_TOLERANCE_MS } from "../postgres/instances.ts";
import { UNSETTLED } from "../postgres/journal_reads.ts";
import { prepareTables } from "../postgres/migrate.ts";
import { each } from "../postgres/record_connection.ts";
import { readPlace } from "../postgres/state_place.ts";
import { verifySession } from "../postgres/verify_record.ts";
import type { EndRole, RecordEnd } from "./record_end.ts";
import type { MovedTable, RecordState } from "./tables.ts";

/** A statement may sort a whole table, or wait while the other end is verified. */
const STATEMENT_MS = 600_000;

/**
 * Runs `body` on it; additions are committed when that resolves.
 *
 * @throws {StateError} when it cannot be used
 */
export async function withPostgresEnd<Result>(
  access: DatabaseAccess,
  { folder, role }: { readonly folder: string; readonly role: EndRole },
  body: (end: RecordEnd) => Promise<Result>,
): Promise<Result> {
  const database = new Database(access, { maxConnections: 1, statementMs: STATEMENT_MS });
  try {
    await prepareTables(database, { mayChange: role === "target" });
    return await database.transaction(async (session) => {
      await lockAll(session);
      return await body(new PostgresEnd(session, { name: database.name, folder }));
    });
  } finally {
    await database.close();
  }
}

/** Blocks all changes of orders, keys, paper accounts and the list of instances. */
async function lockAll({ query }: Session): Promise<void> {
  await query(`SET LOCAL idle_in_transaction_session_timeout = ${STATEMENT_MS}`);
  await query("SELECT 1 FROM audit_head FOR UPDATE");
  await query("SELECT 1 FROM key_store FOR UPDATE");
  await query("LOCK TABLE instances, paper_state, paper_identities IN EXCLUSIVE MODE");
}

class PostgresEnd implements RecordEnd {
  readonly name: string;
  readonly #session: Session;
  readonly #folder: string;

  constructor(session: Session, { name, folder }: { readonly name: string; readonly folder: string }) {
    this.name = name;
    this.#session = session;
    this.#folder = folder;
  }

  /** A suspended server may still send what it recorded, until the exchange no longer accepts that. */
  async usedBy(): Promise<string | undefined> {
    const tolerance = `interval '${CLOCK_TOLERANCE_MS} milliseconds'`;
    const row = await this.#one(
      `SELECT (SELECT count(*) FROM instances WHERE lease_until + ${tolerance} > clock_timestamp()) AS instances,
         (SELECT count(*) FROM placements WHERE ${UNSETTLED}
            AND coalesce(valid_until, 0) + ${CLOCK_TOLERANCE_MS} > extract(epoch FROM clock_timestamp()) * 1000) AS sent`,
    );
    const count = readNumber(row, "instances");
    if (count > 0) return `${count === 1 ? "a server runs" : `${count} servers run`} on it, or ran 12 s ago`;
    return readNumber(row, "sent") === 0 ? undefined : "an order of a server that has ended may still be on its way";
  }

  async hasRows({ name }: MovedTable): Promise<boolean> {
    return (await this.#session.query(`SELECT 1 FROM ${name} LIMIT 1`)).length > 0;
  }

  rows({ name, columns, order }: MovedTable): AsyncIterable<Row> {
    const text = `SELECT ${columns.join(", ")} FROM ${name} ORDER BY ${order.postgres}`;
    return each(this.#session, "moved_rows", text);
  }

  async state(): Promise<RecordState> {
    const head = await this.#one("SELECT seq, hash FROM audit_head");
    const start = await this.#one("SELECT seq, hash, kept_from FROM audit_start");
    const halt = await this.#one("SELECT is_halted, at, by, reason FROM kill_switch");
    const noted = await this.#session.query("SELECT 1 FROM halt_files WHERE place = $1", [
      readPlace(this.#folder, "read"),
    ]);
    const store = await this.#one("SELECT id, revision FROM key_store");
    const revision = readNumber(store, "revision");
    return {
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
        isFileNoted: noted.length > 0,
      },
      keyStore: revision === 0 ? undefined : { store: readText(store, "id"), revision },
    };
  }

  async add({ name, columns }: MovedTable, rows: readonly Row[]): Promise<void> {
    const list = columns.join(", ");
    await this.#session.query(
      `INSERT INTO ${name} (${list}) SELECT ${list} FROM json_populate_recordset(NULL::${name}, $1)`,
      [JSON.stringify(rows, (_column, cell) => cell instanceof Uint8Array ? `\\x${cell.toHex()}` : cell)],
    );
  }

  async setState({ head, start, halt, keyStore }: RecordState): Promise<void> {
    const { query } = this.#session;
    await query("UPDATE audit_head SET seq = $1, hash = $2", [head.seq, head.hash]);
    await query("UPDATE audit_start SET seq = $1, hash = $2, kept_from = $3", [
      start.seq,
      start.hash,
      start.keptFrom,
    ]);
    await query("UPDATE kill_switch SET is_halted = $1, at = $2, by = $3, reason = $4", [
      halt.isHalted,
      halt.at,
      halt.by,
      halt.reason,
    ]);
    if (halt.isFileNoted) {
      await query("INSERT INTO halt_files (place) VALUES ($1)", [readPlace(this.#folder, "write")]);
    }
    if (keyStore !== undefined) {
      await query("UPDATE key_store SET id = $1, revision = $2", [keyStore.store, keyStore.revision]);
    }
  }

  verify(): Promise<Verification> {
    return verifySession(this.#session, { folder: this.#folder, expectedHead: undefined });
  }

  async #one(text: string): Promise<Row> {
    return (await this.#session.query(text))[0] ?? {};
  }
}

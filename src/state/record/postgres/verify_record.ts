/** Verifies the whole record: the chain, archive files first, and the tables against it. */

import { ArchiveError } from "../../../trading/record/archive.ts";
import type { Verification } from "../../../trading/record/audit.ts";
import { ChainCheck } from "../../../trading/record/audit_chain.ts";
import type { BrokenChain } from "../../../trading/record/audit_chain.ts";
import type { AuditRow } from "../../../trading/record/audit_row.ts";
import { RecordCheck } from "../../../trading/record/record_check.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readArchiveFiles } from "../archive_files.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import { checkedPlacement, checkedSum } from "../rows/checked_rows.ts";
import type { Session } from "./database.ts";
import { each } from "./record_connection.ts";
import type { RecordConnection } from "./record_connection.ts";

/** What to verify. */
interface Verified {
  /** The place of archive files. */
  readonly folder: string;
  readonly expectedHead: string | undefined;
}

/** While archive files with millions of rows are read, the database gets no requests. */
const IDLE_MS = 3_600_000;

/**
 * Reads all of it in one state.
 *
 * @throws {StoreError} when it cannot be read
 */
export async function verifyRecord(connection: RecordConnection, verified: Verified): Promise<Verification> {
  return await saying(() => connection.snapshot((session) => verify(session, verified), { idleMs: IDLE_MS }));
}

/**
 * Reads all of it within a transaction.
 *
 * @throws {StateError} when it cannot be read
 */
export async function verifySession(session: Session, verified: Verified): Promise<Verification> {
  return await saying(() => verify(session, verified));
}

/** Damage is a result, not an error. */
async function saying(verify: () => Promise<Verification>): Promise<Verification> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof ArchiveError) return { ok: false, row: null, reason: error.message };
    if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
    const cause = error.cause instanceof Error ? error.cause.message : "a required row is missing";
    return { ok: false, row: null, reason: `the database is damaged (${cause}): restore it from a backup` };
  }
}

async function verify(session: Session, { folder, expectedHead }: Verified): Promise<Verification> {
  const { seq, keptFrom } = await readStart(session);
  const chain = new ChainCheck({ archivedThrough: seq, expectedHead });
  const check = new RecordCheck({ keptFrom });
  for (const source of [readArchiveFiles(folder, seq), keptRows(session)]) {
    for await (const row of source) {
      const broken = chain.add(row);
      if (broken !== undefined) return broken;
      check.add(row);
    }
  }
  const [head] = await session.query("SELECT seq, hash FROM audit_head WHERE id = 1");
  const ended = chain.end(head && { seq: readNumber(head, "seq"), hash: readText(head, "hash") });
  return ended.ok ? await contradiction(session, { check, keptAfter: seq }) ?? ended : ended;
}

async function* keptRows(session: Session): AsyncGenerator<AuditRow> {
  for await (const row of each(session, "audit_rows", "SELECT * FROM audit ORDER BY seq")) yield readAuditRow(row);
}

async function contradiction(
  session: Session,
  { check, keptAfter }: { readonly check: RecordCheck; readonly keptAfter: number },
): Promise<BrokenChain | undefined> {
  for await (const row of each(session, "placement_rows", "SELECT * FROM placements")) {
    const found = check.addPlacement(checkedPlacement(row));
    if (found !== undefined) return { ok: false, ...found };
  }
  for await (const row of each(session, "sum_rows", "SELECT * FROM day_use")) check.addSum(checkedSum(row));
  const [halt] = await session.query("SELECT is_halted FROM kill_switch WHERE id = 1");
  const found = check.end({ keptAfter, isHalted: halt && readNumber(halt, "is_halted") === 1 });
  return found && { ok: false, ...found };
}

/**
 * The last archived row, and the UTC day from which on everything is kept.
 *
 * @throws {StoreError}
 */
export async function readStart(
  { query }: Session,
): Promise<{ readonly seq: number; readonly hash: string; readonly keptFrom: number }> {
  const [row]: readonly Row[] = await query("SELECT seq, hash, kept_from FROM audit_start WHERE id = 1");
  if (row === undefined) throw new StoreError("damaged");
  return { seq: readNumber(row, "seq"), hash: readText(row, "hash"), keptFrom: readNumber(row, "kept_from") };
}

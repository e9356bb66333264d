/** Verifies the whole record: the chain, archive files first, and the tables against it. */

import { ArchiveError } from "../../../trading/record/archive.ts";
import type { Verification } from "../../../trading/record/audit.ts";
import { ChainCheck } from "../../../trading/record/audit_chain.ts";
import type { BrokenChain } from "../../../trading/record/audit_chain.ts";
import { RecordCheck } from "../../../trading/record/record_check.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { cleanText } from "../../../text/clean_text.ts";
import { readNumber } from "../../row.ts";
import { readArchiveFiles } from "../archive_files.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import { checkedPlacement, checkedSum } from "../rows/checked_rows.ts";

/** What to verify. */
interface Verified {
  readonly rows: AuditRows;
  /** The place of archive files. */
  readonly folder: string;
  readonly expectedHead: string | undefined;
}

/**
 * Reads all of it in one state.
 *
 * @throws {StoreError} when it cannot be read
 */
export function verifyRecord(connection: RecordConnection, verified: Verified): Verification {
  try {
    return connection.snapshot(() => verify(connection, verified));
  } catch (error) {
    if (error instanceof ArchiveError) return { ok: false, row: null, reason: error.message };
    if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
    const cause = error.cause instanceof Error ? error.cause.message : "a required row is missing";
    return { ok: false, row: null, reason: damaged(cause) };
  }
}

function verify(connection: RecordConnection, { rows, folder, expectedHead }: Verified): Verification {
  const damage = connection.row("PRAGMA integrity_check(1)")?.["integrity_check"];
  if (damage !== "ok") return { ok: false, row: null, reason: damaged(cleanText(String(damage))) };
  const { seq, keptFrom } = rows.start();
  const chain = new ChainCheck({ archivedThrough: seq, expectedHead });
  const check = new RecordCheck({ keptFrom });
  for (const source of [readArchiveFiles(folder, seq), rows.all()]) {
    for (const row of source) {
      const broken = chain.add(row);
      if (broken !== undefined) return broken;
      check.add(row);
    }
  }
  const ended = chain.end(rows.head());
  return ended.ok ? contradiction(connection, { check, keptAfter: seq }) ?? ended : ended;
}

function contradiction(
  connection: RecordConnection,
  { check, keptAfter }: { readonly check: RecordCheck; readonly keptAfter: number },
): BrokenChain | undefined {
  for (const row of connection.each("SELECT * FROM placements")) {
    const found = check.addPlacement(checkedPlacement(row));
    if (found !== undefined) return { ok: false, ...found };
  }
  for (const row of connection.each("SELECT * FROM day_use")) check.addSum(checkedSum(row));
  const halt = connection.row("SELECT is_halted FROM kill_switch WHERE id = 1");
  const isHalted = halt && readNumber(halt, "is_halted") === 1;
  const found = check.end({ keptAfter, isHalted });
  return found && { ok: false, ...found };
}

function damaged(cause: string): string {
  return `the file is damaged (${cause}): restore it from a backup`;
}

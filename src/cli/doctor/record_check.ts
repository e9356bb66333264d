/** Checks whether the trading record is readable, of this version, and consistent with its audit log. */

import { readDatabaseAccess } from "../../config/database_access.ts";
import { haltFileState } from "../../trading/record/halts.ts";
import type { HaltState } from "../../trading/record/halts.ts";
import { StoreError } from "../../trading/record/store_error.ts";
import type { TradingRecord } from "../../trading/record/trading_record.ts";
import { MAIN_ACCOUNT } from "../../trading/orders/trading_account.ts";
import { venueOf } from "../../server/record_venue.ts";
import { StateError } from "../../state/state_error.ts";
import { formatAge } from "../terminal/times.ts";
import { hasNoRecord, openCommandRecord } from "../open_record.ts";
import { broken, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "record";

/** The most rows of the audit log that are verified: about a second of work. */
const MAX_ROWS = 20_000;

/** Reads the record and verifies its audit log; writes nothing. */
export async function checkRecord(
  { folder, world, loaded, config }: CheckContext,
): Promise<readonly CheckResult[]> {
  if (folder === undefined) return [skipped(NAME, "there is no state folder")];
  const problems: string[] = [];
  const database = await readDatabaseAccess(config, problems);
  if (problems.length > 0) return problems.map((problem) => broken(NAME, problem, "correct the setting"));
  const place = { path: folder, name: "--state", ...(database === undefined ? {} : { database }) };
  if (await hasNoRecord(place)) {
    const halt = haltFileState(folder);
    return [skipped(NAME, "none yet: a server with --trading makes it"), ...haltResults(halt, world.now())];
  }
  let record: TradingRecord | undefined;
  try {
    record = await openCommandRecord(place, { world, mode: "read" });
    const halt = await record.halts.state();
    return [
      await verify(record),
      ...await venueResults(record, loaded),
      ...haltResults(halt, world.now()),
    ];
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    const fix = database === undefined
      ? "name another folder by --state, or restore this one from a backup"
      : "check --state-url and the database";
    return [broken(NAME, error.message, fix)];
  } finally {
    await record?.close();
  }
}

async function verify({ audit }: TradingRecord): Promise<CheckResult> {
  const lastSeq = await audit.lastSeq();
  if (lastSeq > MAX_ROWS) {
    return ok(
      NAME,
      `readable; its audit log of ${lastSeq} rows is not verified here: luno-mcp-server audit verify does`,
    );
  }
  const result = await audit.verify();
  if (result.ok) return ok(NAME, `the audit log is whole: ${result.rows} ${result.rows === 1 ? "row" : "rows"}`);
  const place = result.row === null ? "" : ` at row ${result.row}`;
  return broken(
    NAME,
    `the audit log is broken${place}: ${result.reason}`,
    "halt trading (luno-mcp-server kill), keep the folder as it is for an inquiry, and restore a backup",
  );
}

/** A record holds the orders of one exchange; a server of another exchange refuses to start with it. */
async function venueResults({ accounts }: TradingRecord, loaded: CheckContext["loaded"]): Promise<CheckResult[]> {
  if (!loaded.ok || loaded.config.trading === "off") return [];
  const [wanted, found] = [venueOf(loaded), await accounts.exchangeOf(MAIN_ACCOUNT.id)];
  if (wanted === undefined || found === undefined || found === wanted) return [];
  const text = `the orders in it are of ${found}, and this set-up trades on ${wanted}`;
  return [broken(NAME, text, "name another folder by --state, one for each exchange")];
}

function haltResults(halt: HaltState, now: number): CheckResult[] {
  if (!halt.halted) return [];
  const text = `trading has been halted for ${formatAge(now - halt.at)} by ${halt.by}: ${halt.reason}`;
  return [warning("halt", text, "luno-mcp-server resume, once the reason is gone")];
}

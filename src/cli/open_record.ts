/** Opens the trading record for commands other than the server. */

import { join } from "node:path";
import { openRecord } from "../state/record/sqlite/open_record.ts";
import type { OpenRecordOptions } from "../state/record/sqlite/open_record.ts";
import { EXPECTED_RECORD } from "../state/record/sqlite/expected_record.ts";
import { TRADING_DATABASE } from "../state/record/sqlite/trading_database.ts";
import { StateError } from "../state/state_error.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import { fail, refuse } from "./report.ts";
import { isMissing } from "./find_folder.ts";
import type { RecordPlace } from "./find_record.ts";
import type { ExitCode, World } from "../world.ts";

/** How a command uses the record. */
export interface RecordUse {
  readonly folder: RecordPlace;
  /** `read` and `change` require an existing record. */
  readonly access: "read" | "change" | "create";
}

/** Runs `body` with the open record; reports why when it cannot be opened. */
export async function withRecord(
  { folder, access }: RecordUse,
  { world, body }: { world: World; body: (record: TradingRecord) => Promise<ExitCode> },
): Promise<ExitCode> {
  const path = join(folder.path, TRADING_DATABASE);
  if (access !== "create" && await hasNoRecord(folder)) {
    const problem = `expected a folder with a trading database: there is no ${path}`;
    return await refuse(world, [`${folder.name}: ${problem}: a server with --trading makes it`]);
  }
  let record: TradingRecord | undefined;
  try {
    record = await openCommandRecord(folder, { world, mode: access === "read" ? "read" : "write" });
    return await body(record);
  } catch (error) {
    if (error instanceof StateError) return await refuse(world, [`${folder.name}: ${error.message}`]);
    if (!(error instanceof StoreError)) throw error;
    return await fail(world, error.message);
  } finally {
    await record?.close();
  }
}

/** How long a command waits for a record that another process has locked. */
const PATIENCE_MS = 5_000;

/**
 * Opens it.
 *
 * @throws {StateError} when it cannot be used
 */
export async function openCommandRecord(
  { path: folder, database }: RecordPlace,
  { world: { monotonic, shutdown: signal }, mode, mayOvertake = false }: {
    readonly world: World;
    readonly mode: OpenRecordOptions["mode"];
    /**
     * Whether the command may upgrade the record, which stops servers of an earlier version from trading.
     *
     * @default false
     */
    readonly mayOvertake?: boolean;
  },
): Promise<TradingRecord> {
  const waiting = { timeoutMs: PATIENCE_MS, patienceMs: PATIENCE_MS, monotonic, signal, remedy: "try again" };
  if (database === undefined) return await openRecord({ folder, mode, ...waiting });
  const { openPostgresRecord } = await import("../state/record/postgres/open_record.ts");
  return await openPostgresRecord(database, { folder, mode, mayOvertake, ...waiting });
}

/** Whether nothing was ever recorded in a folder, so that its lists are empty. */
export async function hasNoRecord({ path, database }: RecordPlace): Promise<boolean> {
  if (database !== undefined) return false;
  return await isMissing(join(path, TRADING_DATABASE)) && await isMissing(join(path, EXPECTED_RECORD));
}

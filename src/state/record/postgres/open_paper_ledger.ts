/** Opens the paper ledger of a database. */

import type { PaperLedger } from "../../../simulation/paper/ledger.ts";
import type { Balances } from "../../../simulation/paper/openings.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import { Database } from "./database.ts";
import { prepareTables } from "./migrate.ts";
import { PostgresPaperLedger } from "./paper/ledger.ts";

/** How to open it, and how long to wait while others change its tables. */
export interface OpenPostgresPaperOptions extends Omit<BusyOptions, "path"> {
  /**
   * Opening balances of identities from now on.
   *
   * @default unchanged
   */
  readonly openings?: Balances | undefined;
  /** As in `PrepareOptions`. @default true */
  readonly mayOvertake?: boolean | undefined;
}

/**
 * Opens it; creates missing tables.
 *
 * @throws {StateError} when it cannot be used; `ERR_STATE_BUSY` when it stayed locked
 */
export async function openPostgresPaperLedger(
  access: DatabaseAccess,
  { openings, mayOvertake, ...waiting }: OpenPostgresPaperOptions,
  Used: typeof Database = Database,
): Promise<PaperLedger> {
  const database = new Used(access, { maxConnections: 1 });
  try {
    await waitWhileBusy(() => prepareTables(database, { mayChange: true, mayOvertake }), {
      ...waiting,
      path: database.name,
    });
    const ledger = new PostgresPaperLedger(database);
    if (openings !== undefined) {
      await waitWhileBusy(() => ledger.setOpenings(openings), { ...waiting, path: database.name });
    }
    return ledger;
  } catch (error) {
    await database.close();
    throw error;
  }
}

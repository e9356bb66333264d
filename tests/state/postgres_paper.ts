/** The paper ledger on PostgreSQL as the behaviour suite takes it, and engines of it that are broken on purpose. */

import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import type { Database } from "../../src/state/record/postgres/database.ts";
import { openPostgresPaperLedger } from "../../src/state/record/postgres/open_paper_ledger.ts";
import { accessOf } from "./open_postgres.ts";
import { brokenDatabases } from "./broken_postgres_databases.ts";
import type { PaperInstallation } from "./paper_engines.ts";
import { PAPER_FAULTS } from "./paper_faults.ts";
import { OPENINGS } from "./paper_orders.ts";
import { corruptTable, fillDisk, lockRows } from "./postgres_damage.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { startStateProcess } from "./state_process.ts";
import { upgradePostgres } from "./upgrade_postgres.ts";

/** What is wrong with each. */
export const BROKEN_DATABASES = brokenDatabases(PAPER_FAULTS);

/** Opens a ledger. */
export function openPaperAt(url: string, Used?: typeof Database): Promise<PaperLedger> {
  const options = { openings: OPENINGS, timeoutMs: 30_000, monotonic: () => performance.now() };
  return openPostgresPaperLedger(accessOf(url), options, Used);
}

/** A ledger in a database of its own. */
export async function startPostgresPaper(server: PostgresServer, Broken?: typeof Database): Promise<PaperInstallation> {
  const database = await server.createDatabase();
  const url = server.url(database);
  const opened: PaperLedger[] = [];
  const open = async () => {
    let ledger = await openPaperAt(url);
    if (Broken !== undefined) {
      await ledger.close();
      ledger = await openPaperAt(url, Broken);
    }
    opened.push(ledger);
    return ledger;
  };
  return {
    open,
    async openFull() {
      const ledger = await open();
      await server.query(fillDisk("paper_orders"), database);
      return ledger;
    },
    lock: () => lockRows(url, "SELECT 1 FROM paper_identities FOR UPDATE"),
    write: () => startStateProcess(new URL("./paper_process.ts", import.meta.url), [url, "postgres"]),
    upgrade: (options) => upgradePostgres(server, database, options?.isForeign === true ? "paper_orders" : undefined),
    corrupt: () => corruptTable(server, { database, table: "paper_orders" }),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((ledger) => ledger.close()));
    },
  };
}

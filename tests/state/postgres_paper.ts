/** The paper ledger on PostgreSQL as the behaviour suite takes it, and engines of it that are broken on purpose. */

import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import type { Database } from "../../src/state/record/postgres/database.ts";
import { openPostgresPaperLedger } from "../../src/state/record/postgres/open_paper_ledger.ts";
import { accessOf } from "./open_postgres.ts";
import {
  EarlyDatabase,
  LosingDatabase,
  RacingDatabase,
  rewordedBy,
  StaleDatabase,
} from "./broken_postgres_databases.ts";
import type { PaperInstallation } from "./paper_engines.ts";
import { PAPER_FAULTS } from "./paper_faults.ts";
import { OPENINGS } from "./paper_orders.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { startStateProcess } from "./state_process.ts";
import { upgradePostgres } from "./upgrade_postgres.ts";

/** What is wrong with each. */
export const BROKEN_DATABASES: Readonly<Record<string, typeof Database>> = {
  "loses commits": LosingDatabase,
  "answers before it has written": EarlyDatabase,
  "lets two pass a check together": RacingDatabase,
  "reads what was there before": StaleDatabase,
  ...rewordedBy(PAPER_FAULTS),
};

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
      await server.query(FILL_DISK, database);
      return ledger;
    },
    async lock() {
      const script = new URL("./postgres_lock_process.ts", import.meta.url);
      const holder = startStateProcess(script, [url, "SELECT 1 FROM paper_identities FOR UPDATE"]);
      await holder.next();
      return holder;
    },
    write: () => startStateProcess(new URL("./paper_process.ts", import.meta.url), [url, "postgres"]),
    upgrade: (options) => upgradePostgres(server, database, options?.isForeign === true ? "paper_orders" : undefined),
    async corrupt() {
      const { rows: [file] } = await server.query(
        "SELECT pg_relation_filepath('luno_mcp.paper_orders') AS path",
        database,
      );
      await server.stop();
      const path = `${server.data}/${file.path}`;
      const { size } = await Deno.stat(path);
      await Deno.writeFile(path, new Uint8Array(size).fill(0xa5), { create: false });
      await server.restart();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((ledger) => ledger.close()));
    },
  };
}

/** What the server says when it cannot extend a file; a file system that is really full needs one of its own. */
const FILL_DISK = `
  CREATE FUNCTION luno_mcp.run_out() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (SELECT count(*) FROM luno_mcp.paper_orders) > 20 THEN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER run_out AFTER INSERT ON luno_mcp.paper_orders FOR EACH ROW EXECUTE FUNCTION luno_mcp.run_out()`;

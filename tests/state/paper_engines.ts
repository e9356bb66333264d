/** Engines of the paper ledger as the behaviour suite takes them: an installation of each, and what can happen to it. */

import { join } from "node:path";
import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import { openPaperLedger } from "../../src/state/record/sqlite/open_paper_ledger.ts";
import { PAPER_FAULTS } from "./paper_faults.ts";
import { OPENINGS } from "./paper_orders.ts";
import { corruptDatabase, lockDatabase, startStateProcess, upgradeDatabase } from "./state_process.ts";
import type { StateProcess } from "./state_process.ts";

/** A ledger of one engine, in a place of its own. */
export interface PaperInstallation extends AsyncDisposable {
  /** Opens the ledger once more; identities start with {@linkcode OPENINGS}. */
  open(): Promise<PaperLedger>;
  /** Opens the ledger where there is no room for more. */
  openFull(): Promise<PaperLedger>;
  /** Another process keeps everybody else from writing, until it is told to let go. */
  lock(): Promise<StateProcess>;
  /** Another process places orders until it is killed, and tells the id of each that was answered. */
  write(): StateProcess;
  /** What a newer version of the program does that changes the tables; `isForeign`: so that this one cannot read them. */
  upgrade(options?: { readonly isForeign?: boolean }): Promise<void>;
  /** What a failing disk leaves behind. */
  corrupt(): Promise<void>;
}

/** Starts an installation of each engine. */
export const PAPER_ENGINES: Readonly<Record<string, () => Promise<PaperInstallation>>> = {
  sqlite: () => startSqlite("paper"),
};

/** The engine of SQLite broken on purpose, by what is wrong with it. */
export const BROKEN_PAPER_ENGINES: Readonly<Record<string, () => Promise<PaperInstallation>>> = {
  "loses commits": () => startSqlite("losing"),
  "answers before it has written": () => startSqlite("early"),
  "lets two pass a check together": () => startSqlite("racing"),
  "reads what was there before": () => startSqlite("stale"),
  ...Object.fromEntries(Object.keys(PAPER_FAULTS).map((fault) => [fault, () => startSqlite(fault)])),
};

const OWN_WORKER = new URL("./paper_worker.ts", import.meta.url);

/** Opens a ledger of SQLite: the engine itself, or one of those that are broken. */
export async function openSqlitePaper(path: string, engine: string): Promise<PaperLedger> {
  const worker = engine === "paper" ? {} : { worker: OWN_WORKER, engine };
  return await openPaperLedger({ path, openings: OPENINGS, timeoutMs: 0, monotonic: () => performance.now() }, worker);
}

async function startSqlite(engine: string): Promise<PaperInstallation> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "paper.db");
  const opened: PaperLedger[] = [];
  const open = async (name: string) => {
    const ledger = await openSqlitePaper(path, name);
    opened.push(ledger);
    return ledger;
  };
  return {
    open: () => open(engine),
    openFull: () => open("full"),
    lock: () => lockDatabase(path),
    write: () => startStateProcess(new URL("./paper_process.ts", import.meta.url), [path, engine]),
    upgrade: (options) => Promise.resolve(upgradeDatabase(path, options?.isForeign === true ? "orders" : undefined)),
    corrupt: () => corruptDatabase(path),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((ledger) => ledger.close()));
      await Deno.remove(dir, { recursive: true });
    },
  };
}

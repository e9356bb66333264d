/** Engines of the trading record as the behaviour suite takes them. */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { InstanceLock, INSTANCES_FOLDER } from "../../../src/state/instance_lock.ts";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { INSTANCE } from "../../trading/stores.ts";
import { KEPT_WORKERS, keptWorkers } from "../kept_workers.ts";
import type { OpenedAs, RecordInstallation } from "./installation.ts";
import { startRecordProcess } from "./record_process.ts";

/** Starts an installation of each engine. */
export const RECORD_ENGINES: Readonly<Record<string, () => Promise<RecordInstallation>>> = {
  sqlite: () => startSqlite("record"),
};

/** The engine of SQLite broken on purpose, by what is wrong with it. */
export const BROKEN_RECORD_ENGINES: Readonly<Record<string, () => Promise<RecordInstallation>>> = {
  "loses commits": () => startSqlite("losing"),
  "answers before it has written": () => startSqlite("early"),
  "lets two pass a limit together": () => startSqlite("racing"),
  "lets a preview be used twice": () => startSqlite("reusing"),
  "lets another identity use a preview": () => startSqlite("lending"),
  "lets a preview be used that has expired": () => startSqlite("timeless"),
  "reads what was there before it wrote": () => startSqlite("stale"),
  "forgets idempotency keys": () => startSqlite("keyless"),
  "forgets halts": () => startSqlite("unstoppable"),
  "forgets that a key was given back": () => startSqlite("holding"),
  "forgets that a replacement was given up": () => startSqlite("clinging"),
  "gives one answer to two calls": () => startSqlite("answering"),
  "takes orders from a process that lives": () => startSqlite("grabbing"),
};

/** What runs an engine that is none of the program's. */
export const OWN_WORKER = new URL("./record_worker.ts", import.meta.url);

const KEPT_OWN_WORKERS = keptWorkers(new URL("./kept_record_worker.ts", import.meta.url));

const UNPROTECTED = "DROP TRIGGER IF EXISTS audit_keeps_rows; DROP TRIGGER IF EXISTS audit_keeps_words; " +
  "DROP TRIGGER IF EXISTS audit_head_stays; DROP TRIGGER IF EXISTS audit_start_stays; " +
  "DROP TRIGGER IF EXISTS audit_start_advances";

async function startSqlite(engine: string): Promise<RecordInstallation> {
  const folder = await Deno.makeTempDir();
  const opened: TradingRecord[] = [];
  const locks: { release(): void }[] = [await lockOf(folder, INSTANCE.id)];
  const open = async (name: string, as: OpenedAs = {}) => {
    const waiting = { timeoutMs: 0, patienceMs: 300, monotonic: () => performance.now() };
    const worker = { worker: name === "record" ? KEPT_WORKERS : KEPT_OWN_WORKERS, engine: name };
    const record = await openRecord({ folder, mode: "write", ...as, ...waiting }, worker);
    opened.push(record);
    if (as.mode !== "read" && !await record.instances.has(INSTANCE.id)) await record.instances.enter(INSTANCE);
    return record;
  };
  return {
    folder,
    open: (as) => open(engine, as),
    openFull: () => open("full"),
    openSlow: () => open("slow"),
    async enter({ instances }, facts = {}) {
      const lock = InstanceLock.take(folder);
      locks.push(lock);
      await instances.enter({ ...INSTANCE, ...facts, id: lock.id });
      return { id: lock.id, die: () => Promise.resolve(lock.release()) };
    },
    tamper: (...statements) => Promise.resolve().then(() => tamper(folder, statements)),
    force: (...statements) => Promise.resolve().then(() => tamper(folder, [UNPROTECTED, ...statements])),
    lock: () => startRecordProcess("lock", { folder, engine }),
    write: () => startRecordProcess("write", { folder, engine }),
    race: (name, count) => startRecordProcess("race", { folder, engine, name, count }),
    take: (previews) => startRecordProcess("take", { folder, engine, previews }),
    show: () => startRecordProcess("show", { folder, engine }),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((record) => record.close()));
      for (const lock of locks) lock.release();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The lock of an instance whose id is given. */
async function lockOf(folder: string, id: string): Promise<{ release(): void }> {
  await Deno.mkdir(join(folder, INSTANCES_FOLDER), { recursive: true, mode: 0o700 });
  const file = await Deno.open(join(folder, INSTANCES_FOLDER, `${id}.lock`), {
    write: true,
    createNew: true,
    mode: 0o600,
  });
  await file.lock(true);
  return { release: () => file.close() };
}

function tamper(folder: string, statements: readonly string[]): void {
  const database = new DatabaseSync(join(folder, TRADING_DATABASE), { timeout: 5_000 });
  try {
    for (const statement of statements) database.exec(statement);
  } finally {
    database.close();
  }
}

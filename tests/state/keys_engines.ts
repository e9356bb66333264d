/** Engines of API keys as the behaviour suite takes them: an installation of each, and what can happen to it. */

import { join } from "node:path";
import type { Keys } from "../../src/access/keys.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";
import { KEYS_FAULTS } from "./keys_faults.ts";
import { corruptDatabase, lockDatabase, startStateProcess, upgradeDatabase } from "./state_process.ts";
import type { StateProcess } from "./state_process.ts";

/** Keys of one engine, in a place of their own. */
export interface KeysInstallation extends AsyncDisposable {
  /** Opens the keys once more. */
  open(options?: { readonly maxKeys?: number }): Promise<Keys>;
  /** Opens the keys where there is no room for more. */
  openFull(): Promise<Keys>;
  /** Another process keeps everybody else from writing, until it is told to let go. */
  lock(): Promise<StateProcess>;
  /** Another process adds keys until it is killed, and tells the id of each that was answered. */
  write(): StateProcess;
  /** What a newer version of the program does that changes the tables; `isForeign`: so that this one cannot read them. */
  upgrade(options?: { readonly isForeign?: boolean }): Promise<void>;
  /** What a failing disk leaves behind. */
  corrupt(): Promise<void>;
}

/** Starts an installation of each engine. */
export const KEYS_ENGINES: Readonly<Record<string, () => Promise<KeysInstallation>>> = {
  sqlite: () => startSqlite("keys"),
};

/** The engine of SQLite broken on purpose, by what is wrong with it. */
export const BROKEN_KEYS_ENGINES: Readonly<Record<string, () => Promise<KeysInstallation>>> = {
  "loses commits": () => startSqlite("losing"),
  "answers before it has written": () => startSqlite("early"),
  "lets two pass a check together": () => startSqlite("racing"),
  "reads what was there before": () => startSqlite("stale"),
  ...Object.fromEntries(Object.keys(KEYS_FAULTS).map((fault) => [fault, () => startSqlite(fault)])),
};

const OWN_WORKER = new URL("./keys_worker.ts", import.meta.url);

async function startSqlite(engine: string): Promise<KeysInstallation> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "keys.db");
  const opened: Keys[] = [];
  const open = async (name: string, options: { readonly maxKeys?: number } = {}) => {
    const worker = name === "keys" ? {} : { worker: OWN_WORKER, engine: name };
    const keys = await openKeys(
      { path, mode: "write", timeoutMs: 0, monotonic: () => performance.now(), ...options },
      worker,
    );
    opened.push(keys);
    return keys;
  };
  return {
    open: (options) => open(engine, options),
    openFull: () => open("full"),
    lock: () => lockDatabase(path),
    write: () => startStateProcess(new URL("./keys_process.ts", import.meta.url), [path, engine]),
    upgrade: (options) => Promise.resolve(upgradeDatabase(path, options?.isForeign === true ? "keys" : undefined)),
    corrupt: () => corruptDatabase(path),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((keys) => keys.close()));
      await Deno.remove(dir, { recursive: true });
    },
  };
}

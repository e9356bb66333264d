/** Opens the API keys of a state folder, in a worker of their own. */

import type { Keys } from "../../../access/keys.ts";
import { startEngine } from "../../remote_engine.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import type { SqliteKeys, SqliteKeysOptions } from "./keys.ts";
import { WORKER } from "./worker_url.ts";

/** The file's name in the state folder. */
export const KEYS_FILE = "keys.db";

/** How long an operation waits for another process that has locked it, in milliseconds. */
const PATIENCE_MS = 250;

/** How to open them, and how long to wait for another process that has locked them. */
export type OpenKeysOptions = SqliteKeysOptions & Omit<BusyOptions, "path">;

/**
 * Opens them.
 *
 * @throws {StateError} when they cannot be used; `ERR_STATE_BUSY` when they stayed locked
 */
export async function openKeys(
  { path, mode, maxKeys, ...waiting }: OpenKeysOptions,
  { worker = WORKER, engine = "keys" }: { readonly worker?: URL; readonly engine?: string } = {},
): Promise<Keys> {
  const patience = { patienceMs: PATIENCE_MS, monotonic: waiting.monotonic };
  const started = startEngine<SqliteKeys>({ worker, engine, path, patience });
  const options: SqliteKeysOptions = { path, mode, ...(maxKeys === undefined ? {} : { maxKeys }) };
  try {
    return await waitWhileBusy(() => started.open(options), { path, ...waiting });
  } catch (error) {
    await started.close();
    throw error;
  }
}

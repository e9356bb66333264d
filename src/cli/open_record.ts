/** Opens the trading record for the commands that are no server. */

import { join } from "node:path";
import { StateError } from "../state/state_error.ts";
import { StoreError } from "../trading/record/store_error.ts";
import { TRADING_DATABASE, TradingStore } from "../trading/record/store.ts";
import { fail, refuse } from "./report.ts";
import { isMissing } from "./find_folder.ts";
import type { ExitCode, World } from "../world.ts";

/** How a command uses the record. */
export interface RecordUse {
  readonly folder: { readonly path: string; readonly name: string };
  /** `read` and `change` want a record that exists. */
  readonly access: "read" | "change" | "create";
}

/** Runs `body` with the record open; says why where that cannot be. */
export async function withRecord(
  { folder, access }: RecordUse,
  { world, body }: { world: World; body: (store: TradingStore) => Promise<ExitCode> },
): Promise<ExitCode> {
  const path = join(folder.path, TRADING_DATABASE);
  if (access !== "create" && await isMissing(path)) {
    const problem = `expected a folder with a trading database: there is no ${path}`;
    return await refuse(world, [`${folder.name}: ${problem}: a server with --trading makes it`]);
  }
  let store: TradingStore | undefined;
  try {
    store = TradingStore.open(folder.path, { now: world.now, readOnly: access === "read" });
    return await body(store);
  } catch (error) {
    if (error instanceof StateError) return await refuse(world, [`${folder.name}: ${error.message}`]);
    if (!(error instanceof StoreError)) throw error;
    return await fail(world, error.message);
  } finally {
    store?.close();
  }
}

/** Whether nothing was ever recorded in a folder: what is listed from there is empty then. */
export async function hasNoRecord(folder: string): Promise<boolean> {
  return await isMissing(join(folder, TRADING_DATABASE));
}

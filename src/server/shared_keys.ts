/** API keys in the database that several servers share. */

import type { Keys } from "../access/keys.ts";
import type { KeySource } from "../access/key_source.ts";
import { readDatabaseAccess } from "../config/database_access.ts";
import type { Config } from "../config/server_settings.ts";
import { getLogger } from "../logging/logger.ts";
import { databaseName } from "../state/database_address.ts";
import { StateError } from "../state/state_error.ts";
import type { RecordChanges } from "./record_changes.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** Opens them, and follows changes by others. Problems are added to the others. */
export async function openSharedKeys(
  config: Config,
  world: World,
  { changes, problems }: { readonly changes: RecordChanges; readonly problems: string[] },
): Promise<KeySource | undefined> {
  const access = await readDatabaseAccess(config, problems);
  if (access === undefined) return undefined;
  const [{ openPostgresKeys }, { KeySource }] = await Promise.all([
    import("../state/record/postgres/open_keys.ts"),
    import("../access/key_source.ts"),
  ]);
  const path = databaseName(access.address);
  const { monotonic, now, shutdown: signal } = world;
  const timeoutMs = config.stateTimeout * 1_000;
  const onWait = () =>
    log.warning("waiting for the database, whose tables another process keeps locked", {
      path,
      timeout_s: timeoutMs / 1_000,
    });
  let keys: Keys;
  try {
    keys = await openPostgresKeys(access, { mode: "write", timeoutMs, monotonic, signal, onWait });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--state-url: ${error.message}`);
    return undefined;
  }
  const reopen = () => openPostgresKeys(access, { mode: "read", timeoutMs: 0, monotonic });
  const source = new KeySource({ path, open: reopen, keys, isRemote: true, now, monotonic });
  changes.listen(["keys"], () => void source.refresh());
  await source.refresh();
  return source;
}

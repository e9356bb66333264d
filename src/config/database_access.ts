/** Turns the settings of the shared database into connection parameters: reads the files that they name. */

import type { DatabaseAccess } from "../state/database_address.ts";
import { readOwn, readSecretFile } from "./files.ts";
import type { DatabaseConfig } from "./rules/database_rules.ts";

/** Returns `undefined` when no database is named, or when there are problems. */
export async function readDatabaseAccess(
  { stateUrl: address, stateCa, statePassword, statePasswordFile }: DatabaseConfig,
  problems: string[],
): Promise<DatabaseAccess | undefined> {
  if (address === undefined) return undefined;
  const ca = stateCa === undefined ? undefined : await readOwn("--state-ca", stateCa, problems);
  const password = statePasswordFile === undefined ? statePassword : await readPassword(statePasswordFile, problems);
  if (problems.length > 0) return undefined;
  const trust = ca === undefined ? {} : { ca };
  if (password === undefined) return { address, ...trust };
  const current = async () =>
    statePasswordFile === undefined ? password : await readPassword(statePasswordFile, []) ?? password;
  return { address, ...trust, password: async () => (await current()).reveal() };
}

async function readPassword(path: string, problems: string[]) {
  return await readSecretFile("LUNO_MCP_STATE_PASSWORD_FILE", path, problems);
}

/** Turns the settings of the shared state into connection parameters: reads the files that they name. */

import type { RedisAccess } from "../state/redis_address.ts";
import { readOwn, readSecretFile } from "./files.ts";
import type { SharedConfig } from "./rules/shared_rules.ts";

/** Returns `undefined` when no address is set, or when there are problems. */
export async function readSharedAccess(
  { sharedUrl: address, sharedCa, sharedPassword, sharedPasswordFile }: SharedConfig,
  problems: string[],
): Promise<RedisAccess | undefined> {
  if (address === undefined) return undefined;
  const ca = sharedCa === undefined ? undefined : await readOwn("--shared-ca", sharedCa, problems);
  const password = sharedPasswordFile === undefined ? sharedPassword : await readPassword(sharedPasswordFile, problems);
  if (problems.length > 0) return undefined;
  const trust = ca === undefined ? {} : { ca };
  if (password === undefined) return { address, ...trust };
  const current = async () =>
    sharedPasswordFile === undefined ? password : await readPassword(sharedPasswordFile, []) ?? password;
  return { address, ...trust, password: async () => (await current()).reveal() };
}

async function readPassword(path: string, problems: string[]) {
  return await readSecretFile("LUNO_MCP_SHARED_PASSWORD_FILE", path, problems);
}

/** Opens what is on a PostgreSQL of a test, by its address. */

import type { Keys } from "../../src/access/keys.ts";
import { readDatabaseAddress } from "../../src/state/database_address.ts";
import type { DatabaseAccess } from "../../src/state/database_address.ts";
import { openPostgresKeys } from "../../src/state/record/postgres/open_keys.ts";

/** An address that is right, without a password. */
export function accessOf(url: string): DatabaseAccess {
  const read = readDatabaseAddress(url);
  if (!read.ok) throw new TypeError(read.problem);
  return { address: read.value };
}

/** Opens keys, and creates what is missing. */
export async function openKeysAt(url: string, options: { readonly maxKeys?: number } = {}): Promise<Keys> {
  return await openPostgresKeys(accessOf(url), {
    mode: "write",
    timeoutMs: 30_000,
    monotonic: () => performance.now(),
    ...options,
  });
}

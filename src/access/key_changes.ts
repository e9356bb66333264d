/** Operators' changes to API keys: generates the keys, and logs every change. */

import { getLogger } from "../logging/logger.ts";
import { createApiKey } from "./api_key.ts";
import { isKeyName } from "./keys.ts";
import type { Added, Keys, NewKey, ReplacementKey, Rotated, StoredKey } from "./keys.ts";

const log = getLogger(["luno-mcp-server", "access"]);

/** An outcome that also contains the text of a new key. */
type WithText<Outcome> = Outcome extends { ok: true } ? Outcome & { readonly text: string } : Outcome;

/** Creates the first key of a name. */
export async function createKey(keys: Keys, request: Omit<NewKey, "id" | "digest">): Promise<WithText<Added>> {
  if (!isKeyName(request.name)) throw new RangeError("Cannot create key as its name is not one that keys can have");
  if (request.scopes.length === 0) {
    throw new RangeError("Cannot create key as it must have a scope: current number is 0");
  }
  const { text, ...digest } = createApiKey();
  const added = await keys.add({ ...request, ...digest });
  if (!added.ok) return added;
  log.info("key created", eventOf(added.key));
  return { ...added, text };
}

/** Creates a key that replaces the present key of a name. */
export async function rotateKey(
  keys: Keys,
  request: Omit<ReplacementKey, "id" | "digest">,
): Promise<WithText<Rotated>> {
  const { text, ...digest } = createApiKey();
  const rotated = await keys.rotate({ ...request, ...digest });
  if (!rotated.ok) return rotated;
  logRevoked(rotated.ended);
  log.info("key rotated", eventOf(rotated.key));
  return { ...rotated, text };
}

/** Revokes the live key with this id, or all live keys of this name; returns how many. */
export async function revokeKeys(keys: Keys, idOrName: string, now: number): Promise<number> {
  const revoked = await keys.revoke(idOrName, now);
  logRevoked(revoked);
  return revoked.length;
}

function logRevoked(keys: readonly StoredKey[]): void {
  for (const key of keys) log.info("key revoked", eventOf(key));
}

function eventOf({ name, id, scopes }: StoredKey) {
  return { name, id, scopes };
}

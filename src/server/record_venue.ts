/** The exchange, and key, whose orders a record holds. */

import { createHash } from "node:crypto";
import type { LoadedConfig } from "../config/load.ts";
import type { Secret } from "../secrets/secret.ts";

/**
 * The exchange; paper orders are separate in any record. A shared database also belongs to one key, as another key may
 * belong to another account.
 */
export function venueOf({ config, credentials }: Pick<LoadedConfig, "config" | "credentials">): string | undefined {
  const { exchange, apiUrl, stateUrl } = config;
  if (exchange === "paper") return undefined;
  if (exchange === "simulated") return SIMULATED_VENUE;
  return stateUrl === undefined || credentials === undefined ? apiUrl.host : venueWithKey(apiUrl.host, credentials.id);
}

/** An exchange and its key, as recorded in shared databases. */
export function venueWithKey(host: string, keyId: Secret): string {
  return `${host}${KEY}${createHash("sha256").update(keyId.reveal()).digest("hex").slice(0, 12)}`;
}

/** The exchange alone, as recorded in state folders. */
export function venueWithoutKey(venue: string): string {
  return venue.split(KEY, 1)[0] ?? venue;
}

const KEY = " with key ";

/** A venue without keys. */
export const SIMULATED_VENUE = "the simulated exchange";

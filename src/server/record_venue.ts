/** Whose orders a record is to hold. */

import { createHash } from "node:crypto";
import type { LoadedConfig } from "../config/load.ts";
import type { Secret } from "../secrets/secret.ts";

/**
 * The exchange; paper orders are kept apart in any record. A database that several servers share is of one key of the
 * exchange too, as another one may be another account's.
 */
export function venueOf({ config, credentials }: Pick<LoadedConfig, "config" | "credentials">): string | undefined {
  const { exchange, apiUrl, stateUrl } = config;
  if (exchange === "paper") return undefined;
  if (exchange === "simulated") return SIMULATED_VENUE;
  return stateUrl === undefined || credentials === undefined ? apiUrl.host : venueWithKey(apiUrl.host, credentials.id);
}

/** An exchange and a key of it, as databases that several servers share name them. */
export function venueWithKey(host: string, keyId: Secret): string {
  return `${host}${KEY}${createHash("sha256").update(keyId.reveal()).digest("hex").slice(0, 12)}`;
}

/** The exchange alone, as the record of a state folder names it. */
export function venueWithoutKey(venue: string): string {
  return venue.split(KEY, 1)[0] ?? venue;
}

const KEY = " with key ";

/** Under it no key belongs to a venue. */
export const SIMULATED_VENUE = "the simulated exchange";

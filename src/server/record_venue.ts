/** Whose orders a record is to hold. */

import { createHash } from "node:crypto";
import type { LoadedConfig } from "../config/load.ts";

/**
 * The exchange; paper orders are kept apart in any record. A database that several servers share is of one key of the
 * exchange too, as another one may be another account's.
 */
export function venueOf({ config, credentials }: Pick<LoadedConfig, "config" | "credentials">): string | undefined {
  const { exchange, apiUrl, stateUrl } = config;
  if (exchange === "paper") return undefined;
  if (exchange === "simulated") return "the simulated exchange";
  if (stateUrl === undefined || credentials === undefined) return apiUrl.host;
  const fingerprint = createHash("sha256").update(credentials.id.reveal()).digest("hex").slice(0, 12);
  return `${apiUrl.host} with key ${fingerprint}`;
}

/** Connections of an identity over all servers. Where servers share nothing, the registry of each counts its own alone. */

import type { Awaitable } from "../timing/awaitable.ts";
import type { Place } from "./registry.ts";

/** What servers share of their connections. */
export interface ConnectionPlaces {
  /**
   * Takes a place for one more connection of an identity; `undefined` where it has `max` of them. An engine that cannot
   * ask others goes by what it knows: it never rejects.
   */
  take(identity: string, max: number): Awaitable<Place | undefined>;
}

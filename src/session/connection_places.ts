/**
 * Bounds the connections of an identity over all servers. Where servers share nothing, each registry counts its own.
 */

import type { Awaitable } from "../timing/awaitable.ts";
import type { Place } from "./registry.ts";

/** The places for connections that servers share. */
export interface ConnectionPlaces {
  /**
   * Takes a place for one more connection of an identity; `undefined` when it already has `max`. Never rejects: an
   * engine that cannot reach the others decides by what it knows.
   */
  take(identity: string, max: number): Awaitable<Place | undefined>;
}

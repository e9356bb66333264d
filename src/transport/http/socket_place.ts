/** The place of a WebSocket, from its upgrade on, among the connections that servers share. */

import type { Registry } from "../../session/registry.ts";
import type { SocketHandler } from "../listeners/listener.ts";
import type { HttpParts } from "./parts.ts";

/** How long an accepted socket may take to open, in milliseconds; the client may be gone by then. */
const UNOPENED_MS = 10_000;

/** A place that is released once: when its socket closes, or did not open. */
export interface SocketPlace {
  /** The socket is open: {@linkcode SocketPlace.releasedWith} tells when it closes. */
  opened(): void;
  /** The same handler; releases the place when its socket closes. */
  releasedWith(handler: SocketHandler): SocketHandler;
}

const NO_PLACE: SocketPlace = { opened() {}, releasedWith: (handler) => handler };

/** Takes a place for one more socket of an identity; `undefined` when it has as many as allowed. */
export async function takePlace(
  { places, registry }: Pick<HttpParts, "places"> & { readonly registry: Registry },
  identity: string,
): Promise<SocketPlace | undefined> {
  if (places === undefined) return NO_PLACE;
  const place = await places.take(identity, registry.maxConnectionsOf(identity));
  if (place === undefined) return undefined;
  const timer = setTimeout(() => place.release(), UNOPENED_MS);
  return {
    opened: () => clearTimeout(timer),
    releasedWith: (handler) => ({
      ...handler,
      closed(code, reason) {
        place.release();
        handler.closed(code, reason);
      },
    }),
  };
}

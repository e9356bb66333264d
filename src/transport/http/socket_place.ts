/** The place over all servers that a WebSocket has from its upgrade on, where servers share their connections. */

import type { Registry } from "../../session/registry.ts";
import type { SocketHandler } from "../listeners/listener.ts";
import type { HttpParts } from "./parts.ts";

/** For an accepted socket to be opened in, in milliseconds; a client may be gone by then. */
const UNOPENED_MS = 10_000;

/** A place that is given back once: when its socket closes, or was not opened. */
export interface SocketPlace {
  /** The socket is open: {@linkcode SocketPlace.releasedWith} says when it closes. */
  opened(): void;
  /** The same handler, with whose closing the place is free again. */
  releasedWith(handler: SocketHandler): SocketHandler;
}

const NO_PLACE: SocketPlace = { opened() {}, releasedWith: (handler) => handler };

/** Takes a place for one more socket of an identity; `undefined` where it has all that it may have. */
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

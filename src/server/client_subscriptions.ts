/** The subscriptions of a client on a connection of its own. */

import type { CallerFacts } from "../access/caller.ts";
import type { Opening } from "../protocol/opening.ts";
import { ResourceSubscriptions } from "../protocol/resource_subscriptions.ts";
import { Subscriptions } from "../session/subscriptions.ts";
import type { Channel } from "../transport/channel.ts";
import { NAME, VERSION } from "../version.ts";
import type { LazyBackend } from "./lazy_backend.ts";

/** Whose they are, and what tells of changes. */
export interface ClientSubscriptionsParts {
  readonly opening: Opening;
  readonly caller: CallerFacts;
  readonly backend: Pick<LazyBackend, "get">;
  /** The client's connection, once there is one. */
  readonly channel: () => Pick<Channel, "send" | "isReading">;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Makes them; the channel ends them. */
export function subscriptionsOf(
  { opening, caller, backend, channel, now }: ClientSubscriptionsParts,
): ResourceSubscriptions {
  return new ResourceSubscriptions({
    identity: { name: NAME, version: VERSION },
    opening,
    caller,
    watchOf: async (uri, caller) => (await backend.get()).watch.of(uri, caller),
    kept: new Subscriptions({ now, isReading: () => channel().isReading }),
    send: (notification) => void channel().send(notification),
  });
}

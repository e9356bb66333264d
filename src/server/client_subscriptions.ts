/** The subscriptions of a client on a connection of its own. */

import type { CallerFacts } from "../access/caller.ts";
import type { Opening } from "../protocol/opening.ts";
import { ResourceSubscriptions } from "../protocol/resource_subscriptions.ts";
import type { ResourceSubscriptionsParts } from "../protocol/resource_subscriptions.ts";
import { Subscriptions } from "../session/subscriptions.ts";
import { NAME, VERSION } from "../version.ts";
import type { LazyBackend } from "./lazy_backend.ts";

/** Whose they are, and what tells of changes. */
export interface ClientSubscriptionsParts {
  /** How the connection was opened, or each of its requests says. */
  readonly opening: Pick<Opening, "eraOf" | "open">;
  readonly caller: CallerFacts;
  readonly backend: Pick<LazyBackend, "get">;
  readonly send: ResourceSubscriptionsParts["send"];
  /** Whether the client takes in what it is sent. */
  readonly isReading: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Makes them; whoever has them ends them. */
export function subscriptionsOf(
  { opening, caller, backend, send, isReading, now }: ClientSubscriptionsParts,
): ResourceSubscriptions {
  return new ResourceSubscriptions({
    identity: { name: NAME, version: VERSION },
    opening,
    caller,
    watchOf: async (uri, caller) => (await backend.get()).watch.of(uri, caller),
    kept: new Subscriptions({ now, isReading }),
    send,
  });
}

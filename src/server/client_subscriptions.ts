/** The subscriptions of a client on a connection of its own. */

import type { CallerFacts } from "../access/caller.ts";
import type { Opening } from "../protocol/opening.ts";
import type { PlainCalls } from "../protocol/plain_calls.ts";
import type { PriceSource } from "../protocol/price_pushes.ts";
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
  /** What answers its plain calls, so that prices can be pushed to it. @default none are */
  readonly calls?: PlainCalls;
  /** The client watches something else now. @default nobody keeps it */
  readonly changed?: ResourceSubscriptionsParts["changed"];
  /** Takes up what it watched over another connection. @default nothing is taken up */
  readonly takeUp?: ResourceSubscriptionsParts["takeUp"];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Makes them; whoever has them ends them. */
export function subscriptionsOf(
  { opening, caller, backend, calls, changed, takeUp, send, isReading, now }: ClientSubscriptionsParts,
): ResourceSubscriptions {
  return new ResourceSubscriptions({
    identity: { name: NAME, version: VERSION },
    opening,
    caller,
    watchOf: async (uri, caller) => (await backend.get()).watch.of(uri, caller),
    kept: new Subscriptions({ now, isReading }),
    send,
    ...(changed === undefined ? {} : { changed }),
    ...(takeUp === undefined ? {} : { takeUp }),
    ...(calls === undefined ? {} : { prices: pricesOf({ caller, backend, calls }) }),
  });
}

/** Prices as this caller reads them. */
function pricesOf(
  { caller, backend, calls }: Required<Pick<ClientSubscriptionsParts, "caller" | "backend" | "calls">>,
): PriceSource {
  return {
    answer: (request, cancellation) =>
      calls.answerDirectly({ ...request, method: "get_crypto_price" }, { caller, cancellation }),
    async read(pair) {
      const { exchange } = (await backend.get()).contextOf(caller);
      const { ask, bid, last_trade, rolling_24_hour_volume, timestamp } = await exchange.call("getTicker", { pair });
      return { pair, ask, bid, last_trade, rolling_24_hour_volume, timestamp };
    },
    watchOf: async (pair) => (await backend.get()).watch.of(`luno://market/${pair}/ticker`, caller),
  };
}

/** Creates the subscriptions of a client on its own connection. */

import type { CallerFacts } from "../access/caller.ts";
import type { Opening } from "../protocol/opening.ts";
import type { PlainCalls } from "../protocol/plain_calls.ts";
import type { PriceSource } from "../protocol/price_pushes.ts";
import { ResourceSubscriptions } from "../protocol/resource_subscriptions.ts";
import type { ResourceSubscriptionsParts } from "../protocol/resource_subscriptions.ts";
import { Subscriptions } from "../session/subscriptions.ts";
import { NAME, VERSION } from "../version.ts";
import type { LazyBackend } from "./lazy_backend.ts";

/** The owner of the subscriptions, and the source of changes. */
export interface ClientSubscriptionsParts {
  /** How the connection was opened, or each request's revision. */
  readonly opening: Pick<Opening, "eraOf" | "open">;
  readonly caller: CallerFacts;
  readonly backend: Pick<LazyBackend, "get">;
  readonly send: ResourceSubscriptionsParts["send"];
  /** Whether the client reads what it is sent. */
  readonly isReading: () => boolean;
  /**
   * Answers its plain calls, so that prices can be pushed to it.
   *
   * @default no prices are pushed
   */
  readonly calls?: PlainCalls;
  /**
   * Called when the subscriptions change.
   *
   * @default not stored
   */
  readonly changed?: ResourceSubscriptionsParts["changed"];
  /**
   * Restores subscriptions of an earlier connection.
   *
   * @default not supported
   */
  readonly takeUp?: ResourceSubscriptionsParts["takeUp"];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Creates them; the caller must close them. */
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

/** Prices for this caller. */
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

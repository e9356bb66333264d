/** Hints about changes of resources, from the streams of markets and of the account's orders and balances. */

import type { CallerFacts } from "../access/caller.ts";
import type { UserEvent } from "../exchange/stream/user_frames.ts";
import type { LiveAccount } from "../market/live/live_account.ts";
import { MARKET_TOPICS } from "../market/live/live_market.ts";
import type { LiveMarkets } from "../market/live/live_markets.ts";
import type { Markets } from "../market/pairs.ts";
import type { FoundResource } from "../protocol/resource_list.ts";
import type { Following, Hints, ResourceWatchOptions } from "../protocol/resource_watch.ts";

/** The sources of hints; `undefined` without streams. */
export interface HintSources {
  readonly live: LiveMarkets | undefined;
  readonly account: LiveAccount | undefined;
  readonly markets: Pick<Markets, "resolve">;
  /** Whether a caller's orders and balances are those of this account. */
  readonly isOnAccount: (caller: CallerFacts) => boolean;
}

/** Implements {@linkcode ResourceWatchOptions.follow}. */
export function resourceHints(sources: HintSources): NonNullable<ResourceWatchOptions["follow"]> {
  return (resource, hints, caller) => {
    const { account, isOnAccount } = sources;
    if (resource.entry.changes !== "account") return followMarket(resource, hints, sources);
    return account !== undefined && isOnAccount(caller) ? followAccount(resource, hints, account) : undefined;
  };
}

async function followMarket(
  { template, value }: FoundResource,
  hints: Hints,
  { live, markets }: HintSources,
): Promise<Following | undefined> {
  const topic = MARKET_TOPICS.find((topic) => template === `luno://market/{pair}/${topic}`);
  if (live === undefined || topic === undefined || value === undefined) return undefined;
  const market = await markets.resolve(value, { signal: new AbortController().signal }).catch(() => undefined);
  if (market === undefined) return undefined;
  const { market_id: pair } = market;
  const watching = live.watch(pair, (topics) => topics.includes(topic) && hints.look());
  if (watching === undefined) return undefined;
  const isFresh = () => live.peek(pair)?.isFresh ?? false;
  return { end: () => watching[Symbol.dispose](), isLive: isFresh, isFree: isFresh };
}

/** While the resource is watched, the exchange's stream stays open. */
function followAccount(resource: FoundResource, hints: Hints, account: LiveAccount): Following | undefined {
  const concerns = concernOf(resource);
  if (concerns === undefined) return undefined;
  const need = account.need();
  // After an interruption, the resource is read again.
  const look = () => hints.look();
  const following = account.follow({
    changed: (event) => concerns(event) && hints.changed(),
    connected: look,
    lost: look,
  });
  return {
    isLive: () => account.isLive,
    end: () => {
      following[Symbol.dispose]();
      need[Symbol.dispose]();
    },
  };
}

/** The events that may change a resource. */
function concernOf({ uri, template, value }: FoundResource): ((event: UserEvent) => boolean) | undefined {
  if (uri === "luno://balances") return ({ type }) => type === "balance";
  if (uri === "luno://orders/open") return ({ type }) => type !== "balance";
  if (template !== "luno://orders/{id}{?after}") return undefined;
  return (event) => event.type !== "balance" && orderIdOf(event) === value;
}

function orderIdOf(event: Exclude<UserEvent, { readonly type: "balance" }>): string {
  return event.type === "order_fill" ? event.fill.order_id : event.status.order_id;
}

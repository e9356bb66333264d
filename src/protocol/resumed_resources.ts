/**
 * Takes up subscriptions to resources that a client has from another connection. Each resource may have changed meanwhile, so
 * its client is told of it once. One that cannot be read now, or for which the client has no room, is tried again for some
 * minutes; until then room is kept for it, as the client had it before whatever it asks for now.
 */

import type { Subscription, Subscriptions, Watch } from "../session/subscriptions.ts";
import { after } from "../timing/after.ts";
import type { After } from "../timing/after.ts";
import { attempt } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { pauseAfter } from "../timing/backoff.ts";

/** Attempts at a resource, with pauses between them that add up to some five minutes. */
const MAX_ATTEMPTS = 12;
const PAUSES = { firstMs: 500, longestMs: 60_000, random: Math.random, certain: 0.5 };

/** What it takes. */
export interface ResumedResourcesParts {
  readonly watchOf: (uri: string) => Awaitable<Watch | undefined>;
  readonly kept: Pick<Subscriptions, "open" | "reserve">;
  /** @default the real one */
  readonly after?: After;
}

/** What {@linkcode resumeResource} is to whoever goes on with subscriptions. */
export type ResumeResource = typeof resumeResource;

/** Tells of changes of a resource again; ended by its `close`. */
export function resumeResource(
  uri: string,
  notify: (uri: string) => void,
  { watchOf, kept, after: later = after }: ResumedResourcesParts,
): Subscription {
  let subscription: Subscription | undefined;
  let cancel: (() => void) | undefined;
  let isClosed = false;
  let giveBack = kept.reserve(1);
  const look = async (number: number): Promise<void> => {
    const watch = await attempt(() => watchOf(uri), () => undefined);
    if (isClosed) return;
    giveBack?.();
    giveBack = undefined;
    if (watch !== undefined) subscription = kept.open([{ uri, watch }], notify, { hasChanged: true });
    if (subscription !== undefined || number >= MAX_ATTEMPTS) return;
    giveBack = kept.reserve(1);
    cancel = later(pauseAfter(number, PAUSES), () => void look(number + 1));
  };
  void look(1);
  return {
    uris: [uri],
    close() {
      isClosed = true;
      cancel?.();
      giveBack?.();
      subscription?.close();
    },
  };
}

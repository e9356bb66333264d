/**
 * Restores subscriptions to resources from an earlier connection. As each resource may have changed meanwhile, the
 * client is notified of it once. A resource that cannot be read now, or for which the client has no place, is retried
 * for some minutes; until then its place is reserved, as the client subscribed to it earlier than to anything new.
 */

import type { Subscription, Subscriptions, Watch } from "../session/subscriptions.ts";
import { after } from "../timing/after.ts";
import type { After } from "../timing/after.ts";
import { attempt } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { pauseAfter } from "../timing/backoff.ts";

/** Attempts per resource; the pauses between them add up to about five minutes. */
const MAX_ATTEMPTS = 12;
const PAUSES = { firstMs: 500, longestMs: 60_000, random: Math.random, certain: 0.5 };

/** Parts of the restoration. */
export interface ResumedResourcesParts {
  readonly watchOf: (uri: string) => Awaitable<Watch | undefined>;
  readonly kept: Pick<Subscriptions, "open" | "reserve">;
  /** @default the real one */
  readonly after?: After;
}

/** Restores subscriptions with {@linkcode resumeResource}. */
export type ResumeResource = typeof resumeResource;

/** Resumes notifications of a resource; ended by its `close`. */
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

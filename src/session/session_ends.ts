/** Ending sessions from outside, at all servers. Engines stand in `state/shared/`. */

import type { Awaitable } from "../timing/awaitable.ts";
import { digestOfIdentity } from "./identity_digest.ts";

/** Which sessions: one, or all that an identity has now. */
export type SessionTarget = { readonly id: string } | { readonly identity: string };

/** Which sessions were ended at another server, and how long ago, in milliseconds. */
export type EndedElsewhere =
  & { readonly agoMs: number }
  & ({ readonly id: string } | { readonly identityDigest: string });

/** Voids what is kept of sessions, and tells the other servers. */
export interface SessionEnds {
  /** Nobody goes on with these any more; answers whether that is certain. Those that are open are their servers' to end. */
  end(target: SessionTarget): Awaitable<boolean>;
  /** Has `listener` hear within seconds what was ended at other servers. Absent where there are no others. */
  watch?(listener: (ended: EndedElsewhere) => void): () => void;
}

/** A session, or what is left of one. */
export interface EndableSession {
  readonly id: string;
  readonly identity: string;
  /** How long there has been this connection or session, in milliseconds. */
  readonly ageMs: number;
  /** Whether the session may have begun before that, over another connection. @default false */
  readonly isResumed?: boolean;
}

/** Whether a session is one of those; one that has begun since is another one. */
export function isEnded(
  target: SessionTarget | EndedElsewhere,
  { id, identity, ageMs, isResumed }: EndableSession,
): boolean {
  if ("id" in target) return id === target.id;
  if ("identity" in target) return identity === target.identity;
  return (isResumed || ageMs >= target.agoMs) && digestOfIdentity(identity) === target.identityDigest;
}

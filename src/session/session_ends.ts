/** Ends sessions on all servers. The engines are in `state/shared/`. */

import type { Awaitable } from "../timing/awaitable.ts";
import { digestOfIdentity } from "./identity_digest.ts";

/** One session, or all present sessions of an identity. */
export type SessionTarget = { readonly id: string } | { readonly identity: string };

/** Sessions that were ended at another server, and how long ago, in milliseconds. */
export type EndedElsewhere =
  & { readonly agoMs: number }
  & ({ readonly id: string } | { readonly identityDigest: string });

/** Voids stored sessions, and tells the other servers. */
export interface SessionEnds {
  /** Voids what is stored of these sessions; returns whether that is certain. Each server ends the open ones itself. */
  end(target: SessionTarget): Awaitable<boolean>;
  /**
   * Calls `listener` within seconds for sessions that were ended at other servers. Absent when there are no other
   * servers.
   */
  watch?(listener: (ended: EndedElsewhere) => void): () => void;
}

/** A session, open or stored. */
export interface EndableSession {
  readonly id: string;
  readonly identity: string;
  /** The age of this connection or session, in milliseconds. */
  readonly ageMs: number;
  /**
   * Whether the session may be older, because it began on another connection.
   *
   * @default false
   */
  readonly isResumed?: boolean;
}

/** Tells whether a session is among those; one that began afterwards is not. */
export function isEnded(
  target: SessionTarget | EndedElsewhere,
  { id, identity, ageMs, isResumed }: EndableSession,
): boolean {
  if ("id" in target) return id === target.id;
  if ("identity" in target) return identity === target.identity;
  return (isResumed || ageMs >= target.agoMs) && digestOfIdentity(identity) === target.identityDigest;
}

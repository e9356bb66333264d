/**
 * Sessions of 2025-era clients over HTTP as others may go on with them: another server, or the next one on this machine.
 * Engines stand in `state/shared/`.
 *
 * What is kept here may be lost, which costs a client a new session. So no operation rejects: an engine that cannot keep
 * something goes on without it, and says so in the log.
 */

import type { Awaitable } from "../timing/awaitable.ts";
import type { EventLog } from "./event_log.ts";

/** What it takes to go on with a session. */
export interface KeptSession {
  /** A secret of its client, which belongs in no log. */
  readonly id: string;
  /** Whose it is: it does not exist for others. */
  readonly identity: string;
  /** The parameters of its `initialize` as JSON: revision, capabilities, what the client calls itself. */
  readonly opening: string;
  /** Addresses of the resources that it watches. */
  readonly subscriptions: readonly string[];
}

/** How operators name a session, by the digest of its id in hexadecimal digits: that much of it is no secret. */
export function publicSessionId(digest: string): string {
  return digest.slice(0, 16);
}

/** A session that is gone on with. */
export interface TakenSession extends KeptSession {
  /** How often it was taken before and now, so that the streams of each time have names of their own. */
  readonly times: number;
}

/** What others did to a session. */
export type SessionChange =
  | { readonly kind: "ended" }
  | { readonly kind: "changed"; readonly subscriptions: readonly string[] };

/** All of them. */
export interface SessionStore {
  /** Keeps a session as it is now. */
  save(session: KeptSession): Awaitable<void>;
  /** The session with this id, where it is this identity's and was used lately; whoever takes it goes on with it. */
  take(id: string, identity: string): Awaitable<TakenSession | undefined>;
  /** It is used now. */
  touch(id: string): Awaitable<void>;
  /** It has ended, and its streams with it. */
  remove(id: string): Awaitable<void>;
  /**
   * Has `listener` hear within seconds what other servers do to a session, until the answered function is called. Absent
   * where there are no others.
   */
  watch?(id: string, listener: (change: SessionChange) => void): () => void;
  /** The events of its streams. */
  eventsOf(id: string): EventLog;
}

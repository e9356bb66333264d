/**
 * HTTP sessions of clients of revision 2025-11-25 and earlier, so that another server, or the next one on this machine,
 * can continue them. The engines are in `state/shared/`.
 *
 * This data may be lost, which costs a client a new session; so no operation rejects: an engine that cannot store
 * something logs that and continues without.
 */

import type { Awaitable } from "../timing/awaitable.ts";
import type { EventLog } from "./event_log.ts";

/** The data that continuing a session takes. */
export interface KeptSession {
  /** A secret of its client; never logged. */
  readonly id: string;
  /** Its owner; for other identities the session does not exist. */
  readonly identity: string;
  /** The parameters of its `initialize` as JSON: revision, capabilities, client information. */
  readonly opening: string;
  /** URIs of the resources that it subscribes to. */
  readonly subscriptions: readonly string[];
}

/** A session's public id: the digest of its id in hexadecimal digits, which reveals nothing about the id. */
export function publicSessionId(digest: string): string {
  return digest.slice(0, 16);
}

/** A session that is being continued. */
export interface TakenSession extends KeptSession {
  /** How often it was taken, including now; distinguishes the streams of each time. */
  readonly times: number;
}

/** What another server did to a session. */
export type SessionChange =
  | { readonly kind: "ended" }
  | { readonly kind: "changed"; readonly subscriptions: readonly string[] };

/** All stored sessions. */
export interface SessionStore {
  /** Stores the present state of a session. */
  save(session: KeptSession): Awaitable<void>;
  /**
   * The session with this id, if it belongs to this identity and was used recently; the server that takes it continues
   * it.
   */
  take(id: string, identity: string): Awaitable<TakenSession | undefined>;
  /** Reports that it is in use. */
  touch(id: string): Awaitable<void>;
  /** Removes a session that has ended, and its streams. */
  remove(id: string): Awaitable<void>;
  /**
   * Calls `listener` within seconds when another server changes a session, until the returned function is called.
   * Absent when there are no other servers.
   */
  watch?(id: string, listener: (change: SessionChange) => void): () => void;
  /** The events of its streams. */
  eventsOf(id: string): EventLog;
}

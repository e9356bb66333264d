/**
 * WebSocket sessions that their clients can resume on another connection, to any server, by a token. The engines are in
 * `state/shared/`; they see only digests of tokens.
 *
 * This data may be lost, which costs a client its subscriptions; so no operation rejects.
 */

import { readJson } from "../text/read_json.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";

/** How long a session can be resumed after its connection has ended, in milliseconds. */
export const RESUMABLE_MS = 120_000;

/** How often a server reports its open connections, in milliseconds. */
export const TOUCH_MS = 30_000;

/** How long an engine keeps a session without a report: a server may end between two reports. */
export const KEPT_MS = RESUMABLE_MS + TOUCH_MS;

/** Sessions of one identity, connected or not; the one that was connected longest ago makes room. */
export const MAX_RESUMABLE_OF_ONE = 100;

/** Sessions of all identities. */
export const MAX_RESUMABLE = 100_000;

/** Largest stored session, in characters; a larger one is not kept. */
export const MAX_RESUMABLE_LENGTH = 65_536;

/** One subscription of a client. */
export type KeptSubscription =
  | { readonly kind: "resource"; readonly uri: string }
  /** A stream of revision 2026-07-28, by the id of the request that opened it. */
  | { readonly kind: "listen"; readonly id: string | number; readonly uris: readonly string[] }
  | { readonly kind: "price"; readonly pair: string };

/** Parses what an engine has stored as JSON; `undefined` for anything else. */
export function readSubscriptions(text: string): readonly KeptSubscription[] | undefined {
  const value = readJson(text);
  return Array.isArray(value) && value.every(isSubscription) ? value : undefined;
}

function isSubscription(value: unknown): value is KeptSubscription {
  if (!isObject(value)) return false;
  const { kind, uri, id, uris, pair } = value;
  if (kind === "resource") return typeof uri === "string";
  if (kind === "price") return typeof pair === "string";
  const isId = typeof id === "string" || typeof id === "number";
  return kind === "listen" && isId && Array.isArray(uris) && uris.every((each) => typeof each === "string");
}

/** The data that resuming a session takes. */
export interface ResumableSession {
  /** Its public id, the same on all of its connections. */
  readonly id: string;
  /** Its owner; for other identities the session does not exist. */
  readonly identity: string;
  readonly subscriptions: readonly KeptSubscription[];
}

/** A resumed session. */
export interface TakenResumable extends ResumableSession {
  /**
   * The digest that it was stored under: of the token that was presented, or of its successor, which the client never
   * received.
   */
  readonly digest: string;
}

/** Who takes a session, and the digest that it is stored under from then on. */
export interface Successor {
  readonly identity: string;
  readonly next: string;
}

/** All resumable sessions, by the digests of their tokens. */
export interface ResumptionStore {
  /** Stores a session that begins, or begins again; returns whether it was stored. */
  keep(digest: string, session: ResumableSession): Awaitable<boolean>;
  /** Replaces the subscriptions of a session; has no effect when it is not stored any more. */
  update(digest: string, subscriptions: readonly KeptSubscription[]): Awaitable<void>;
  /** Reports that the sessions of these digests were connected until now. */
  touch(digests: readonly string[]): Awaitable<void>;
  /**
   * Takes the session in the name of its identity, and stores it under `next`. As the client may never receive its next
   * token, the one that it presented stays valid until the next one is confirmed or taken.
   */
  take(digest: string, successor: Successor): Awaitable<TakenResumable | "unknown" | "unavailable">;
  /** Reports that the client has this token, which voids the earlier ones. */
  confirm(digest: string): Awaitable<void>;
  remove(digest: string): Awaitable<void>;
  /**
   * Calls `listener` within seconds for each session that another server took. Absent when there are no other servers.
   */
  watch?(listener: (digest: string) => void): () => void;
}

/**
 * Sessions over WebSocket that their clients can go on with over another connection, to any server, by a token. Engines
 * stand in `state/shared/`; they are told digests of tokens alone.
 *
 * What is kept here may be lost, which costs a client its subscriptions. So no operation rejects.
 */

import { readJson } from "../text/read_json.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";

/** How long a session can be resumed once its connection has ended, in milliseconds. */
export const RESUMABLE_MS = 120_000;

/** How often a server says that its connections are open, in milliseconds. */
export const TOUCH_MS = 30_000;

/** How long an engine keeps a session that nobody says anything of: its server may end between two times of saying. */
export const KEPT_MS = RESUMABLE_MS + TOUCH_MS;

/** Sessions of one identity, connected or not; the one that was connected longest ago makes room. */
export const MAX_RESUMABLE_OF_ONE = 100;

/** Sessions of all identities. */
export const MAX_RESUMABLE = 100_000;

/** What a session holds at most, in characters; one with more is not kept. */
export const MAX_RESUMABLE_LENGTH = 65_536;

/** What a client has subscribed to. */
export type KeptSubscription =
  | { readonly kind: "resource"; readonly uri: string }
  /** A stream of 2026-07-28, by the id of the request that opened it. */
  | { readonly kind: "listen"; readonly id: string | number; readonly uris: readonly string[] }
  | { readonly kind: "price"; readonly pair: string };

/** Reads what an engine has kept as JSON; `undefined` for anything else, whoever wrote it there. */
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

/** What it takes to go on with a session. */
export interface ResumableSession {
  /** How operators name it; it stays the same over all of its connections, and is no secret. */
  readonly id: string;
  /** Whose it is: it does not exist for others. */
  readonly identity: string;
  readonly subscriptions: readonly KeptSubscription[];
}

/** A session that is gone on with. */
export interface TakenResumable extends ResumableSession {
  /** What it was kept under until now: the token's that was handed in, or that of the next one, which its client never got. */
  readonly digest: string;
}

/** All of them, by the digests of their tokens. */
export interface ResumptionStore {
  /** Keeps a session that begins, or begins anew; answers whether it is kept. */
  keep(digest: string, session: ResumableSession): Awaitable<boolean>;
  /** Its client watches something else now; does nothing where it is not kept any more. */
  update(digest: string, subscriptions: readonly KeptSubscription[]): Awaitable<void>;
  /** Those of them that are kept were connected until now. */
  touch(digests: readonly string[]): Awaitable<void>;
  /**
   * The session, for whoever asks in the name of its identity; it is kept under `next` from then on. As the client may never
   * hear of its next token, the one that it handed in is good until the next one is confirmed or taken.
   */
  take(digest: string, identity: string, next: string): Awaitable<TakenResumable | "unknown" | "unavailable">;
  /** The client has this token: those before it are void. */
  confirm(digest: string): Awaitable<void>;
  remove(digest: string): Awaitable<void>;
  /** Has `listener` hear within seconds which sessions other servers took. Absent where there are no others. */
  watch?(listener: (digest: string) => void): () => void;
}

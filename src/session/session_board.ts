/** The open sessions of each server, as operators see them. Engines stand in `state/shared/`. */

import { readJson } from "../text/read_json.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";

/** Sessions that one server shows at most; the count tells of more. */
export const MAX_SHOWN = 200;

/** One session. */
export interface ShownSession {
  /** Names it, and ends it: 16 hexadecimal digits. */
  readonly id: string;
  readonly identity: string;
  readonly transport: "websocket" | "http";
  /** `waiting`: its connection has ended, and its client may go on with it. */
  readonly state: "open" | "waiting";
  /** What the client calls itself. */
  readonly client: string | null;
  readonly since: string;
  readonly last_seen: string;
}

/** Those of one server, the ones that were used last first. */
export interface ShownSessions {
  readonly server: string;
  /** All, shown or not. */
  readonly count: number;
  readonly sessions: readonly ShownSession[];
}

/** Reads what a server has shown as JSON; `undefined` for anything else, whoever wrote it. */
export function readShown(text: string): ShownSessions | undefined {
  const value = readJson(text);
  return isShown(value) ? value : undefined;
}

function isShown(value: unknown): value is ShownSessions {
  if (!isObject(value)) return false;
  const { server, count, sessions } = value;
  const isList = Array.isArray(sessions) && sessions.length <= MAX_SHOWN && sessions.every(isShownSession);
  return typeof server === "string" && typeof count === "number" && isList;
}

function isShownSession(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, identity, transport, state, client, since, last_seen } = value;
  return [id, identity, transport, state, since, last_seen].every((each) => typeof each === "string") &&
    (client === null || typeof client === "string");
}

/** What servers show each other. */
export interface SessionBoard {
  /** How the others call this server. */
  readonly server: string;
  /** Has `look` asked from time to time what to show; until the answered function is called. */
  show(look: () => ShownSessions): () => void;
  /** What the others showed last; rejects never, and leaves out what cannot be read. */
  others(): Awaitable<readonly ShownSessions[]>;
}

/** The board of a server that has no others. */
export const NO_BOARD: SessionBoard = { server: "this", show: () => () => {}, others: () => [] };

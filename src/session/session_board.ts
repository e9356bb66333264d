/** The open sessions of each server, for operators. The engines are in `state/shared/`. */

import { readJson } from "../text/read_json.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";

/** The most sessions that one server lists; `count` includes the others. */
export const MAX_SHOWN = 200;

/** One session. */
export interface ShownSession {
  /** Its public id, by which it can be ended: 16 hexadecimal digits. */
  readonly id: string;
  readonly identity: string;
  readonly transport: "websocket" | "http";
  /** `waiting`: its connection has ended, and its client may resume it. */
  readonly state: "open" | "waiting";
  /** The client's name for itself. */
  readonly client: string | null;
  readonly since: string;
  readonly last_seen: string;
}

/** The sessions of one server, most recently used first. */
export interface ShownSessions {
  readonly server: string;
  /** All of its sessions, listed or not. */
  readonly count: number;
  readonly sessions: readonly ShownSession[];
}

/** Parses what a server has published as JSON; `undefined` for anything else. */
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

/** The lists that servers publish to each other. */
export interface SessionBoard {
  /** The name of this server for the others. */
  readonly server: string;
  /** Publishes what `look` returns, from time to time, until the returned function is called. */
  show(look: () => ShownSessions): () => void;
  /** The latest lists of the other servers; never rejects, and omits what cannot be read. */
  others(): Awaitable<readonly ShownSessions[]>;
}

/** The board of a single server. */
export const NO_BOARD: SessionBoard = { server: "this", show: () => () => {}, others: () => [] };

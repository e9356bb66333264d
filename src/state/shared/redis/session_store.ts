/**
 * HTTP sessions that any server on one Redis can continue, and the events of their streams. Session ids are secrets, so
 * only their digests are stored.
 */

import { createHash } from "node:crypto";
import { digestOfIdentity } from "../../../session/identity_digest.ts";
import type { EventLog, LoggedStream } from "../../../session/event_log.ts";
import { publicSessionId } from "../../../session/session_store.ts";
import type { KeptSession, SessionChange, SessionStore, TakenSession } from "../../../session/session_store.ts";
import { readJson } from "../../../text/read_json.ts";
import { RedisUnavailable } from "./connection.ts";
import type { RedisConnection, RedisScript } from "./connection.ts";
import { SERVERS_KEY } from "./servers.ts";
import type { Servers } from "./servers.ts";
import { ENDED_KEY, identityMark } from "./session_news.ts";
import { APPEND, BEGIN, CHANGES, END, READ, REMOVE, REMOVE_STREAM, SAVE, TAKE } from "./session_scripts.ts";

const CHANGES_KEY = "session-changes";

/** Settings of the store. */
export interface RedisSessionStoreOptions {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  /** A session that was idle for longer is deleted, in milliseconds. */
  readonly idleMs: number;
}

/** The sessions of all servers, as seen by one of them. */
export class RedisSessionStore implements SessionStore {
  readonly #options: RedisSessionStoreOptions;
  /** Listeners for changes, by the digest of the session. */
  readonly #watchers = new Map<string, (change: SessionChange) => void>();
  /** By Redis's clock; earlier changes are known. */
  #changesSince = "-inf";

  constructor(options: RedisSessionStoreOptions) {
    this.#options = options;
    options.servers.onBeat(() => void this.#tellChanges());
  }

  async save({ id, identity, opening, subscriptions }: KeptSession): Promise<void> {
    const digest = digestOf(id);
    const args = [digest, this.#options.idleMs, digestOfIdentity(identity), opening, JSON.stringify(subscriptions)];
    await this.#evaluate(SAVE, [sessionKey(digest), CHANGES_KEY], args);
  }

  async take(id: string, identity: string): Promise<TakenSession | undefined> {
    const digest = digestOf(id);
    const ends = [`${ENDED_KEY}id:${publicSessionId(digest)}`, `${ENDED_KEY}${identityMark(identity)}`];
    const found = await this.#evaluate(TAKE, [sessionKey(digest), ...ends], [
      digestOfIdentity(identity),
      this.#options.idleMs,
    ]);
    if (!Array.isArray(found)) return undefined;
    const [opening, subscriptions, times] = found as [string, string, number];
    const uris = readList(subscriptions);
    return uris === undefined ? undefined : { id, identity, opening, subscriptions: uris, times };
  }

  async touch(id: string): Promise<void> {
    await this.#attempt((connection) =>
      connection.run("PEXPIRE", connection.key(sessionKey(digestOf(id))), String(this.#options.idleMs))
    );
  }

  async remove(id: string): Promise<void> {
    const digest = digestOf(id);
    const { connection } = this.#options;
    const beginnings = [streamKey(digest, ""), eventsKey(digest, "")].map((key) => connection.key(key));
    await this.#evaluate(REMOVE, [sessionKey(digest), CHANGES_KEY, namesKey(digest)], [digest, ...beginnings]);
  }

  eventsOf(id: string): EventLog {
    const digest = digestOf(id);
    const { servers: { id: server }, idleMs } = this.#options;
    const keysOf = (name: string) => [streamKey(digest, name), eventsKey(digest, name)];
    return {
      begin: async (name, request) => {
        const args = [server, name, JSON.stringify(request) ?? "", idleMs];
        await this.#evaluate(BEGIN, [streamKey(digest, name), namesKey(digest)], args);
      },
      append: async (name, { number, text }) =>
        void await this.#evaluate(APPEND, keysOf(name), [server, number, text, idleMs]),
      end: async (name) => void await this.#evaluate(END, keysOf(name), [server]),
      read: async (name) => readStream(await this.#evaluate(READ, [...keysOf(name), SERVERS_KEY], [server])),
      remove: async (name) =>
        void await this.#evaluate(REMOVE_STREAM, [...keysOf(name), namesKey(digest)], [server, name]),
    };
  }

  watch(id: string, listener: (change: SessionChange) => void): () => void {
    const digest = digestOf(id);
    this.#watchers.set(digest, listener);
    return () => {
      if (this.#watchers.get(digest) === listener) this.#watchers.delete(digest);
    };
  }

  /** Notifies listeners of sessions that another server changed or ended. */
  async #tellChanges(): Promise<void> {
    const changes = await this.#evaluate(CHANGES, [CHANGES_KEY], [this.#changesSince]);
    if (!Array.isArray(changes)) return;
    const [now, ...digests] = changes as string[];
    const isFirst = this.#changesSince === "-inf";
    this.#changesSince = now ?? this.#changesSince;
    for (const digest of isFirst ? [] : digests) {
      const listener = this.#watchers.get(digest);
      if (listener === undefined) continue;
      const subscriptions = await this.#attempt((connection) =>
        connection.run("HGET", connection.key(sessionKey(digest)), "subscriptions")
      );
      const uris = typeof subscriptions === "string" ? readList(subscriptions) : undefined;
      if (subscriptions === null) listener({ kind: "ended" });
      else if (uris !== undefined) listener({ kind: "changed", subscriptions: uris });
    }
  }

  #evaluate(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#attempt((connection) => connection.evaluate(script, keys, args));
  }

  /** The result, or `undefined` when there is none; the connection logs why. */
  async #attempt(ask: (connection: RedisConnection) => Promise<unknown>): Promise<unknown> {
    try {
      return await ask(this.#options.connection);
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }
}

function readStream(reply: unknown): LoggedStream | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [ended, runs, request, events] = reply as [string, string, string, readonly string[]];
  const id = readJson(request);
  return {
    events: events.map((event) => {
      const space = event.indexOf(" ");
      return { number: Number(event.slice(0, space)), text: event.slice(space + 1) };
    }),
    hasEnded: ended !== "",
    ...(typeof id === "string" || typeof id === "number" ? { request: id } : {}),
    ...(runs === "" ? {} : { isRunElsewhere: true }),
  };
}

/** A list of texts; `undefined` when it was not written by this program. */
function readList(json: string): readonly string[] | undefined {
  const value = readJson(json);
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

function sessionKey(digest: string): string {
  return `session:${digest}`;
}

function namesKey(digest: string): string {
  return `streams:${digest}`;
}

function streamKey(digest: string, name: string): string {
  return `stream:${digest}:${name}`;
}

function eventsKey(digest: string, name: string): string {
  return `events:${digest}:${name}`;
}

/** Opens the sessions of a state folder, in a worker of their own. */

import { getLogger } from "../../../logging/logger.ts";
import type { EventLog } from "../../../session/event_log.ts";
import type { ResumptionStore } from "../../../session/resumption_store.ts";
import type { SessionEnds } from "../../../session/session_ends.ts";
import type { SessionStore } from "../../../session/session_store.ts";
import { startEngine } from "../../remote_engine.ts";
import type { Remote } from "../../remote_engine.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import type { SqliteSessions, SqliteSessionsOptions } from "./sessions.ts";
import { WORKER } from "./worker_url.ts";

const log = getLogger(["luno-mcp-server", "http"]);

/** The file's name in the state folder. */
export const SHARED_FILE = "shared.db";

/** How to open them, and how long to wait for another server that has locked them. */
export interface OpenSessionsOptions extends Omit<SqliteSessionsOptions, "now">, Omit<BusyOptions, "path"> {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Sessions that outlive the process. */
export interface LastingSessions extends SessionStore {
  /** WebSocket sessions. */
  readonly resumptions: ResumptionStore;
  readonly ends: SessionEnds;
  /** Closes them after the operations requested before. */
  close(): Promise<void>;
}

/**
 * Opens them.
 *
 * @throws {StateError} when they cannot be used; `ERR_STATE_BUSY` when another server kept them locked
 */
export async function openSessions(
  { now, timeoutMs, monotonic, signal, onWait, ...options }: OpenSessionsOptions,
  { worker = WORKER, engine = "sessions" }: { readonly worker?: URL; readonly engine?: string } = {},
): Promise<LastingSessions> {
  const { path } = options;
  const started = startEngine<SqliteSessions>({ worker, engine, path });
  try {
    const attempt = () => started.open({ ...options, now: now() });
    return new SessionsFromAfar(await waitWhileBusy(attempt, { path, timeoutMs, monotonic, signal, onWait }), now);
  } catch (error) {
    await started.close();
    throw error;
  }
}

/** Calls the worker, and continues without it when that fails. */
class SessionsFromAfar implements LastingSessions {
  readonly resumptions: ResumptionStore;
  readonly ends: SessionEnds;
  readonly #engine: Remote<SqliteSessions>;
  readonly #now: () => number;
  #isFailing = false;

  constructor(engine: Remote<SqliteSessions>, now: () => number) {
    this.#engine = engine;
    this.#now = now;
    const { resumptions } = engine;
    this.resumptions = {
      keep: async (digest, session) => await this.#attempt(resumptions.keep(digest, session, now())) ?? false,
      update: (digest, subscriptions) => this.#attempt(resumptions.update(digest, subscriptions, now())),
      touch: (digests) => this.#attempt(resumptions.touch(digests, now())),
      take: async (digest, successor) =>
        await this.#attempt(resumptions.take(digest, successor, now())) ?? "unavailable",
      confirm: (digest) => this.#attempt(resumptions.confirm(digest)),
      remove: (digest) => this.#attempt(resumptions.remove(digest)),
    };
    this.ends = { end: (target) => this.#attempt(engine.endSessions(target).then(() => true)).then(Boolean) };
  }

  save(...[session]: Parameters<SessionStore["save"]>): Promise<void> {
    return this.#attempt(this.#engine.save(session, this.#now()));
  }

  take(id: string, identity: string): ReturnType<SessionStore["take"]> {
    return this.#attempt(this.#engine.take(id, identity, this.#now()));
  }

  touch(id: string): Promise<void> {
    return this.#attempt(this.#engine.touch(id, this.#now()));
  }

  remove(id: string): Promise<void> {
    return this.#attempt(this.#engine.remove(id));
  }

  eventsOf(id: string): EventLog {
    const engine = this.#engine;
    return {
      begin: (stream, request) => this.#attempt(engine.begin(id, stream, request)),
      append: (stream, event) => this.#attempt(engine.append(id, stream, event)),
      end: (stream) => this.#attempt(engine.end(id, stream)),
      read: (stream) => this.#attempt(engine.read(id, stream)),
      remove: (stream) => this.#attempt(engine.removeStream(id, stream)),
    };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The result, or nothing when it failed; only the first of several failures is logged. */
  async #attempt<Value>(answer: Promise<Value>): Promise<Value | undefined> {
    try {
      const value = await answer;
      this.#isFailing = false;
      return value;
    } catch (error) {
      if (!this.#isFailing) log.warning("sessions cannot be kept across restarts; continuing without", { error });
      this.#isFailing = true;
      return undefined;
    }
  }
}

/**
 * HTTP sessions and the events of their streams in `shared.db` of the state folder, so that they outlive a server on
 * the same machine. Writes survive the process, but not a power failure: all of it may be lost.
 *
 * One server uses it at a time. Session ids are secrets, so only their digests are stored.
 */

import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { MAX_KEPT_EVENTS } from "../../../session/event_log.ts";
import type { LoggedEvent, LoggedStream } from "../../../session/event_log.ts";
import { publicSessionId } from "../../../session/session_store.ts";
import type { KeptSession, TakenSession } from "../../../session/session_store.ts";
import type { SessionTarget } from "../../../session/session_ends.ts";
import { readBytes, readNumber, readText, readTextOrNull } from "../../row.ts";
import { inTransaction, openDatabase, undoTransaction } from "../../sqlite.ts";
import type { Row } from "../../row.ts";
import { SqliteResumptions } from "./resumptions.ts";
import { MIGRATIONS, prepareStatements } from "./session_statements.ts";

/** How to open them. */
export interface SqliteSessionsOptions {
  readonly path: string;
  /** A session that was idle for longer is deleted, in milliseconds. */
  readonly idleMs: number;
  /** Wall clock at opening, milliseconds since the Unix epoch; the same below. */
  readonly now: number;
  /**
   * A WebSocket session without a report for longer is deleted, in milliseconds.
   *
   * @default KEPT_MS
   */
  readonly resumableMs?: number;
  /** @default 10_000 */
  readonly maxSessions?: number;
  /**
   * Length of all events together, in characters; the oldest make room.
   *
   * @default 67_108_864
   */
  readonly maxLength?: number;
}

/** How long opening waits for another process; callers that can wait longer retry. */
const BUSY_MS = 250;

const MAX_SESSIONS = 10_000;
const MAX_LENGTH = 67_108_864;

/** Streams of one session; the oldest make room. */
const MAX_STREAMS = 256;

/** The number of events that are deleted at once to make room. */
const EVICTED_EVENTS = 64;

/** All sessions of one file. */
export class SqliteSessions {
  /** WebSocket sessions. */
  readonly resumptions: SqliteResumptions;
  readonly #database: DatabaseSync;
  readonly #options: SqliteSessionsOptions & { readonly maxSessions: number; readonly maxLength: number };
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** Length of all events, in characters. */
  #length: number;

  constructor(database: DatabaseSync, options: SqliteSessionsOptions) {
    this.#database = database;
    this.#options = { maxSessions: MAX_SESSIONS, maxLength: MAX_LENGTH, ...options };
    this.#statements = prepareStatements(database);
    this.resumptions = new SqliteResumptions(database, options.resumableMs);
    this.#statements.forgetIdle.run({ before: options.now - options.idleMs });
    this.#statements.forgetStreams.run();
    this.#length = readNumber(this.#statements.length.get(), "length");
  }

  /**
   * Opens them for this process alone.
   *
   * @throws {StateError} `busy` while another process has them open
   */
  static open(options: SqliteSessionsOptions): Promise<SqliteSessions> {
    const database = openDatabase(options.path, { migrations: MIGRATIONS, busyMs: BUSY_MS, expendable: true });
    try {
      return Promise.resolve(new SqliteSessions(database, options));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  save({ id, identity, opening, subscriptions }: KeptSession, now: number): void {
    const digest = digestOf(id);
    this.#statements.save.run({ digest, identity, opening, subscriptions: JSON.stringify(subscriptions), now });
    for (const row of this.#statements.excess.all({ max: this.#options.maxSessions })) {
      this.#remove(readBytes(row, "digest"));
    }
  }

  take(id: string, identity: string, now: number): TakenSession | undefined {
    const since = now - this.#options.idleMs;
    const row = this.#statements.take.get({ digest: digestOf(id), identity, since, now });
    if (row === undefined) return undefined;
    return {
      id,
      identity,
      opening: readText(row, "opening"),
      subscriptions: JSON.parse(readText(row, "subscriptions")),
      times: readNumber(row, "times"),
    };
  }

  touch(id: string, now: number): void {
    this.#statements.touch.run({ digest: digestOf(id), now });
  }

  remove(id: string): void {
    this.#remove(digestOf(id));
  }

  /** Voids sessions of both kinds. */
  endSessions(target: SessionTarget): void {
    this.resumptions.end(target);
    const rows = "id" in target
      ? this.#statements.digests.all().filter((row) => publicSessionId(readBytes(row, "digest").toHex()) === target.id)
      : this.#statements.digestsOf.all({ identity: target.identity });
    for (const row of rows) this.#remove(readBytes(row, "digest"));
  }

  begin(session: string, stream: string, request?: string | number): void {
    const digest = digestOf(session);
    this.#statements.begin.run({ session: digest, name: stream, request: JSON.stringify(request) ?? null });
    const { changes } = this.#statements.forgetOldStreams.run({ session: digest, max: MAX_STREAMS });
    if (changes > 0) this.#measure();
  }

  append(session: string, stream: string, { number, text }: LoggedEvent): void {
    inTransaction(this.#database, MIGRATIONS, () => {
      const row = this.#statements.stream.get({ session: digestOf(session), name: stream });
      if (row === undefined) return;
      const id = readNumber(row, "number");
      const length = readNumber(this.#statements.append.get({ stream: id, place: number, text }), "length");
      this.#length += length;
      const excess = readNumber(row, "length") + length - MAX_KEPT_EVENTS;
      for (let dropped = 0; dropped < excess;) {
        const oldest = this.#statements.dropOldest.get({ stream: id, latest: number });
        if (oldest === undefined) break;
        dropped += this.#dropped(oldest);
      }
      if (this.#length <= this.#options.maxLength) return;
      // The oldest events of all sessions make room.
      for (const row of this.#statements.dropOldestOfAll.all({ count: EVICTED_EVENTS })) this.#dropped(row);
    });
  }

  end(session: string, stream: string): void {
    this.#statements.end.run({ session: digestOf(session), name: stream });
  }

  read(session: string, stream: string): LoggedStream | undefined {
    const row = this.#statements.stream.get({ session: digestOf(session), name: stream });
    if (row === undefined) return undefined;
    const request = readTextOrNull(row, "request");
    const events = this.#statements.events.all({ stream: readNumber(row, "number") });
    return {
      events: events.map((event) => ({ number: readNumber(event, "place"), text: readText(event, "text") })),
      ...(request === null ? {} : { request: JSON.parse(request) }),
      hasEnded: readNumber(row, "has_ended") === 1,
    };
  }

  removeStream(session: string, stream: string): void {
    const row = this.#statements.removeStream.get({ session: digestOf(session), name: stream });
    if (row !== undefined) this.#dropped(row);
  }

  /** A new engine on the same database, after a fault; unfinished writes are rolled back. */
  renewed(): SqliteSessions {
    undoTransaction(this.#database);
    return new SqliteSessions(this.#database, this.#options);
  }

  close(): void {
    this.#database.close();
  }

  #remove(digest: Uint8Array): void {
    this.#statements.remove.run({ digest });
    if (this.#statements.removeStreams.run({ session: digest }).changes > 0) this.#measure();
  }

  #dropped(row: Row): number {
    const length = readNumber(row, "length");
    this.#length -= length;
    return length;
  }

  #measure(): void {
    this.#length = readNumber(this.#statements.length.get(), "length");
  }
}

function digestOf(id: string): Uint8Array {
  return createHash("sha256").update(id).digest();
}

/** The schema of `shared.db`, and its statements. */

import type { DatabaseSync } from "node:sqlite";

/** From each version of the schema to the next. */
export const MIGRATIONS = [
  `CREATE TABLE sessions (
     digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
     identity TEXT NOT NULL,
     opening TEXT NOT NULL,
     subscriptions TEXT NOT NULL,
     times INTEGER NOT NULL DEFAULT 0,
     seen_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX sessions_by_time ON sessions (seen_at);
   CREATE TABLE streams (
     number INTEGER PRIMARY KEY,
     session BLOB NOT NULL,
     name TEXT NOT NULL,
     request TEXT,
     has_ended INTEGER NOT NULL DEFAULT 0,
     length INTEGER NOT NULL DEFAULT 0,
     UNIQUE (session, name)
   ) STRICT;
   CREATE TABLE events (
     number INTEGER PRIMARY KEY,
     stream INTEGER NOT NULL REFERENCES streams ON DELETE CASCADE,
     place INTEGER NOT NULL,
     text TEXT NOT NULL
   ) STRICT;
   CREATE INDEX events_by_stream ON events (stream, place);
   CREATE TRIGGER event_added AFTER INSERT ON events
   BEGIN UPDATE streams SET length = length + length(NEW.text) WHERE number = NEW.stream; END;
   CREATE TRIGGER event_removed AFTER DELETE ON events
   BEGIN UPDATE streams SET length = length - length(OLD.text) WHERE number = OLD.stream; END;`,
  `CREATE TABLE resumable (
     digest TEXT PRIMARY KEY,
     id TEXT NOT NULL,
     identity TEXT NOT NULL,
     subscriptions TEXT NOT NULL,
     seen_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX resumable_by_time ON resumable (seen_at);
   CREATE INDEX resumable_by_identity ON resumable (identity, seen_at);`,
  `ALTER TABLE resumable ADD COLUMN before TEXT;
   CREATE INDEX resumable_by_before ON resumable (before) WHERE before IS NOT NULL;`,
];

/** Prepares every statement once. */
// deno-lint-ignore explicit-module-boundary-types -- one row of the table below for each
export function prepareStatements(database: DatabaseSync) {
  return {
    save: database.prepare(
      `INSERT INTO sessions (digest, identity, opening, subscriptions, seen_at)
       VALUES (:digest, :identity, :opening, :subscriptions, :now)
       ON CONFLICT (digest) DO UPDATE SET opening = :opening, subscriptions = :subscriptions, seen_at = :now`,
    ),
    excess: database.prepare("SELECT digest FROM sessions ORDER BY seen_at DESC LIMIT -1 OFFSET :max"),
    take: database.prepare(
      `UPDATE sessions SET times = times + 1, seen_at = :now
       WHERE digest = :digest AND identity = :identity AND seen_at >= :since
       RETURNING opening, subscriptions, times`,
    ),
    touch: database.prepare("UPDATE sessions SET seen_at = :now WHERE digest = :digest"),
    remove: database.prepare("DELETE FROM sessions WHERE digest = :digest"),
    digests: database.prepare("SELECT digest FROM sessions"),
    digestsOf: database.prepare("SELECT digest FROM sessions WHERE identity = :identity"),
    removeStreams: database.prepare("DELETE FROM streams WHERE session = :session"),
    forgetIdle: database.prepare("DELETE FROM sessions WHERE seen_at < :before"),
    forgetStreams: database.prepare("DELETE FROM streams WHERE session NOT IN (SELECT digest FROM sessions)"),
    begin: database.prepare(
      `INSERT INTO streams (session, name, request) VALUES (:session, :name, :request)
       ON CONFLICT DO NOTHING`,
    ),
    forgetOldStreams: database.prepare(
      `DELETE FROM streams WHERE number IN (
         SELECT number FROM streams WHERE session = :session ORDER BY number DESC LIMIT -1 OFFSET :max
       )`,
    ),
    stream: database.prepare("SELECT * FROM streams WHERE session = :session AND name = :name"),
    append: database.prepare(
      "INSERT INTO events (stream, place, text) VALUES (:stream, :place, :text) RETURNING length(text) AS length",
    ),
    dropOldest: database.prepare(
      `DELETE FROM events WHERE number = (
         SELECT number FROM events WHERE stream = :stream AND place < :latest ORDER BY place LIMIT 1
       ) RETURNING length(text) AS length`,
    ),
    dropOldestOfAll: database.prepare(
      `DELETE FROM events WHERE number IN (SELECT number FROM events ORDER BY number LIMIT :count)
       RETURNING length(text) AS length`,
    ),
    end: database.prepare("UPDATE streams SET has_ended = 1 WHERE session = :session AND name = :name"),
    events: database.prepare("SELECT place, text FROM events WHERE stream = :stream ORDER BY place"),
    removeStream: database.prepare("DELETE FROM streams WHERE session = :session AND name = :name RETURNING length"),
    length: database.prepare("SELECT coalesce(sum(length), 0) AS length FROM streams"),
  };
}

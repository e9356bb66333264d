/** API keys in `keys.db` of the state folder. */

import type { DatabaseSync } from "node:sqlite";
import type { Added, KeysMark, KeysSince, NewKey, ReplacementKey, Rotated, StoredKey } from "../../../access/keys.ts";
import { readBytes, readNumber, readText } from "../../row.ts";
import { inTransaction, openDatabase, undoTransaction } from "../../sqlite.ts";
import { readKey } from "../rows/key_row.ts";
import { answering } from "./answering.ts";

/** How to open the keys. */
export interface SqliteKeysOptions {
  readonly path: string;
  /**
   * `write` creates what is missing. `read` changes nothing and requires the schema of this version. `follow` upgrades
   * an existing schema, then only reads.
   */
  readonly mode: "write" | "read" | "follow";
  /**
   * The most keys, including dead ones, which make room for new ones.
   *
   * @default 10_000
   */
  readonly maxKeys?: number;
}

/** How long an operation waits for another process; callers that can wait longer retry. */
const BUSY_MS = 250;
const MAX_KEYS = 10_000;
const IS_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)";

/** One text per version of the schema, for `openDatabase`. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE keys (
     number INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     digest BLOB NOT NULL CHECK (length(digest) = 32),
     scopes TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     expires_at INTEGER,
     revoked_at INTEGER
   ) STRICT;
   CREATE INDEX keys_by_name ON keys (name);`,
  `CREATE TABLE store (
     only INTEGER PRIMARY KEY CHECK (only = 1),
     id TEXT NOT NULL,
     revision INTEGER NOT NULL
   ) STRICT;
   INSERT INTO store SELECT 1, lower(hex(randomblob(8))), count(*) FROM keys;
   CREATE TRIGGER key_added AFTER INSERT ON keys BEGIN UPDATE store SET revision = revision + 1; END;
   CREATE TRIGGER key_changed AFTER UPDATE ON keys BEGIN UPDATE store SET revision = revision + 1; END;
   CREATE TRIGGER key_removed AFTER DELETE ON keys BEGIN UPDATE store SET revision = revision + 1; END;`,
];

/** All keys of one file. Every method is one transaction, and returns when that is durable. */
export class SqliteKeys {
  readonly #path: string;
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #options: SqliteKeysOptions;
  readonly #maxKeys: number;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: DatabaseSync, options: SqliteKeysOptions) {
    const { path, maxKeys = MAX_KEYS } = options;
    this.#options = options;
    this.#path = path;
    this.#file = fileAt(path);
    this.#database = database;
    this.#maxKeys = maxKeys;
    this.#statements = prepareStatements(database);
  }

  /** @throws {StateError} */
  static open(options: SqliteKeysOptions): SqliteKeys {
    const { path, mode } = options;
    return answering(path, () => {
      if (mode === "follow") openKeysDatabase(path, { readOnly: false }).close();
      return new SqliteKeys(openKeysDatabase(path, { readOnly: mode !== "write" }), options);
    });
  }

  mark(): KeysMark {
    return this.#read(() => this.#mark());
  }

  list(): StoredKey[] {
    return this.#read(() => this.#statements.all.all().map(readKey));
  }

  since(version: string | undefined): KeysSince {
    if (fileAt(this.#path) !== this.#file) return { kind: "gone" };
    return this.#read(() => {
      // The first changes with other connections' commits, the second with our own.
      const data = readNumber(this.#statements.version.get(), "data_version");
      const mark = this.#mark();
      const current = `${data} ${mark.store} ${mark.revision}`;
      if (current === version) return { kind: "same" };
      const keys = this.#statements.all.all().map((row) => ({ key: readKey(row), digest: readBytes(row, "digest") }));
      return { kind: "changed", version: current, mark, keys };
    });
  }

  add(key: NewKey): Added {
    return this.#change(() => {
      return this.#live(key.name, key.now).length > 0 ? { ok: false, reason: "taken" } : this.#insert(key);
    });
  }

  revoke(idOrName: string, now: number): StoredKey[] {
    return this.#change(() => this.#revoke(idOrName, now));
  }

  rotate(replacement: ReplacementKey): Rotated {
    const { name, overlapMs, now } = replacement;
    return this.#change(() => {
      const [before, ...older] = this.#live(name, now);
      if (before === undefined) return { ok: false, reason: "unknown" };
      const added = this.#insert({ ...replacement, scopes: before.scopes });
      if (!added.ok) return { ok: false, reason: "full" };
      const ended = older.flatMap(({ id }) => this.#revoke(id, now));
      this.#statements.shorten.run({ id: before.id, until: now + overlapMs });
      const previous = this.#statements.byId.get({ id: before.id });
      return { ok: true, key: added.key, previous: previous === undefined ? before : readKey(previous), ended };
    });
  }

  /** A new engine on the same database, after a fault; unfinished writes are rolled back. */
  renewed(): SqliteKeys {
    undoTransaction(this.#database);
    return new SqliteKeys(this.#database, this.#options);
  }

  close(): void {
    this.#database.close();
  }

  #change<Outcome>(body: () => Outcome): Outcome {
    return answering(this.#path, () => inTransaction(this.#database, MIGRATIONS, body));
  }

  #read<Value>(body: () => Value): Value {
    return answering(this.#path, body, { database: this.#database, migrations: MIGRATIONS });
  }

  #mark(): KeysMark {
    const row = this.#statements.mark.get() ?? {};
    return { store: readText(row, "id"), revision: readNumber(row, "revision") };
  }

  /** Newest first. */
  #live(name: string, now: number): StoredKey[] {
    return this.#statements.liveByName.all({ name, now }).map(readKey);
  }

  #revoke(word: string, now: number): StoredKey[] {
    return this.#statements.revoke.all({ word, now }).map(readKey);
  }

  /** In a full store, the oldest dead key makes room. */
  #insert({ id, digest, name, scopes, expiresAt, now }: NewKey): { ok: true; key: StoredKey } | {
    ok: false;
    reason: "full";
  } {
    const count = readNumber(this.#statements.count.get(), "count");
    if (count >= this.#maxKeys && this.#statements.removeDead.run({ now }).changes === 0) {
      return { ok: false, reason: "full" };
    }
    this.#statements.insert.run({ id, name, digest, scopes: scopes.join(" "), now, expiresAt: expiresAt ?? null });
    const key = { id, name, scopes: [...scopes], createdAt: now, ...(expiresAt === undefined ? {} : { expiresAt }) };
    return { ok: true, key };
  }
}

function openKeysDatabase(path: string, { readOnly }: { readonly readOnly: boolean }): DatabaseSync {
  return openDatabase(path, { migrations: MIGRATIONS, readOnly, busyMs: BUSY_MS });
}

function prepareStatements(database: DatabaseSync) {
  return {
    all: database.prepare("SELECT * FROM keys ORDER BY number"),
    byId: database.prepare("SELECT * FROM keys WHERE id = :id"),
    count: database.prepare("SELECT count(*) AS count FROM keys"),
    insert: database.prepare(
      `INSERT INTO keys (id, name, digest, scopes, created_at, expires_at)
       VALUES (:id, :name, :digest, :scopes, :now, :expiresAt)`,
    ),
    liveByName: database.prepare(`SELECT * FROM keys WHERE name = :name AND ${IS_LIVE} ORDER BY number DESC`),
    mark: database.prepare("SELECT id, revision FROM store"),
    removeDead: database.prepare(
      `DELETE FROM keys WHERE number = (SELECT min(number) FROM keys WHERE NOT (${IS_LIVE}))`,
    ),
    revoke: database.prepare(
      `UPDATE keys SET revoked_at = :now WHERE (id = :word OR name = :word) AND ${IS_LIVE} RETURNING *`,
    ),
    shorten: database.prepare(
      "UPDATE keys SET expires_at = min(coalesce(expires_at, :until), :until) WHERE id = :id",
    ),
    version: database.prepare("PRAGMA data_version"),
  };
}

/** The identity of the file at a path, if the system tells files apart. */
function fileAt(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return "none";
  }
}

/**
 * The API keys that a server knows, in `keys.db` of the state folder.
 *
 * It holds digests only: a key's text is given to whoever had it made, once, and cannot be had again.
 */

import { timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { getLogger } from "@logtape/logtape";
import { inTransaction, openDatabase, readBytes, readNumber, readOptionalNumber, readText } from "../state/sqlite.ts";
import type { Row } from "../state/sqlite.ts";
import type { KeysMark } from "./expected_keys.ts";
import { createApiKey, looksLikeApiKey, readApiKey } from "./api_key.ts";
import { KEY_NAME } from "./identity_name.ts";
import { isScope } from "./scopes.ts";
import type { Scope } from "./scopes.ts";

/** The database's name in the state folder. */
export const KEYS_FILE = "keys.db";

/** What is kept of a key, all of which may be shown; times are milliseconds since the Unix epoch. */
export interface StoredKey {
  /** 12 hex digits, which the key's text contains. */
  readonly id: string;
  /** Whom it identifies; keys that replace each other share it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  /** From then on it is refused. */
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

/** Whether a key is taken. */
export type KeyState = "live" | "expired" | "revoked";

/** How to open a {@linkcode KeyStore}. */
export interface KeyStoreOptions {
  /** @default false */
  readonly readOnly?: boolean;
  /** Keys in all, dead ones too, which make room for new ones. @default 10_000 */
  readonly maxKeys?: number;
}

/** What a new key is to be. */
export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Never expires without. */
  readonly expiresAt?: number | undefined;
  readonly now: number;
}

/** How to replace the key of a name. */
export interface RotateOptions {
  /** How long the key before stays usable. */
  readonly overlapMs: number;
  /** Of the new key; never expires without. */
  readonly expiresAt?: number | undefined;
  readonly now: number;
}

/** A new key and its text, or why there is none: the name has a live key, or all keys of a full store are live. */
export type Created = { ok: true; key: StoredKey; text: string } | { ok: false; reason: "taken" | "full" };

/** A new key, its text, and the key before as it is now; or why there is none: the name has no live key. */
export type Rotated =
  | { ok: true; key: StoredKey; text: string; previous: StoredKey }
  | { ok: false; reason: "unknown" | "full" };

/** Whose key it is, or why it is refused. */
export type Verified =
  | { ok: true; key: StoredKey }
  | { ok: false; reason: "malformed" | "unknown" | "revoked" | "expired" };

const log = getLogger(["luno-mcp-server", "access"]);

const WHOLE_NAME = new RegExp(`^${KEY_NAME.source}$`);
const MAX_KEYS = 10_000;
const NO_DIGEST = new Uint8Array(32);
const IS_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)";

const MIGRATIONS = [
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

/** Tells whether keys can have this name; those that could be taken for a key or its id cannot. */
export function isKeyName(text: string): boolean {
  return WHOLE_NAME.test(text) && !/^[0-9a-f]{12}$/.test(text) && !looksLikeApiKey(text);
}

/** What has become of a key; one that is both revoked and expired is revoked. */
export function keyState({ revokedAt, expiresAt }: StoredKey, now: number): KeyState {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "live";
}

/** Which file is at a path, where the system tells files apart. */
function fileAt(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return "none";
  }
}

/** All keys of one state folder; several processes may have it open. */
export class KeyStore {
  readonly #path: string;
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #maxKeys: number;
  readonly #statements: ReturnType<typeof prepareStatements>;

  private constructor(path: string, database: DatabaseSync, maxKeys: number) {
    this.#path = path;
    this.#file = fileAt(path);
    this.#database = database;
    this.#maxKeys = maxKeys;
    this.#statements = prepareStatements(database);
  }

  /**
   * Opens the store; unless it is read only, a missing one is created.
   *
   * @throws {StateError}
   */
  static open(path: string, { readOnly = false, maxKeys = MAX_KEYS }: KeyStoreOptions = {}): KeyStore {
    return new KeyStore(path, openDatabase(path, { migrations: MIGRATIONS, readOnly }), maxKeys);
  }

  /** Which store this is and how often it was changed; never where no key was ever made. */
  get mark(): KeysMark {
    const row = this.#statements.mark.get() ?? {};
    return { store: readText(row, "id"), revision: readNumber(row, "revision") };
  }

  /** Makes the first key of a name. */
  create(request: KeyRequest): Created {
    const { name, scopes, now } = request;
    if (!isKeyName(name)) throw new RangeError("Cannot create key as its name is not one that keys can have");
    if (scopes.length === 0) throw new RangeError("Cannot create key as it must have a scope: current number is 0");
    const created = inTransaction(this.#database, (): Created => {
      return this.#live(name, now).length > 0 ? { ok: false, reason: "taken" } : this.#add(request);
    });
    if (created.ok) log.info("key created", eventOf(created.key));
    return created;
  }

  /** Every key, oldest first. */
  list(): StoredKey[] {
    return this.#statements.all.all().map(keyOf);
  }

  /** Ends the live key with this id, or all live keys of this name; answers how many these were. */
  revoke(idOrName: string, now: number): number {
    const revoked = this.#statements.revoke.all({ word: idOrName, now }).map(keyOf);
    for (const key of revoked) log.info("key revoked", eventOf(key));
    return revoked.length;
  }

  /** Makes a key with the scopes of the newest of a name; that one lives on for the overlap, older ones end at once. */
  rotate(name: string, { overlapMs, now, expiresAt }: RotateOptions): Rotated {
    const ended: StoredKey[] = [];
    const rotated = inTransaction(this.#database, (): Rotated => {
      const [before, ...older] = this.#live(name, now);
      if (before === undefined) return { ok: false, reason: "unknown" };
      const added = this.#add({ name, scopes: before.scopes, expiresAt, now });
      if (!added.ok) return { ok: false, reason: "full" };
      for (const { id } of older) ended.push(...this.#statements.revoke.all({ word: id, now }).map(keyOf));
      this.#statements.shorten.run({ id: before.id, until: now + overlapMs });
      return { ...added, previous: this.#find(before.id) ?? before };
    });
    for (const key of ended) log.info("key revoked", eventOf(key));
    if (rotated.ok) log.info("key rotated", eventOf(rotated.key));
    return rotated;
  }

  /** Looks a key up; whether its id is unknown or its secret wrong cannot be told, not even by the time it takes. */
  verify(text: string, now: number): Verified {
    const read = readApiKey(text);
    if (read === undefined) return { ok: false, reason: "malformed" };
    const row = this.#statements.byId.get({ id: read.id });
    const isSame = timingSafeEqual(row === undefined ? NO_DIGEST : readBytes(row, "digest"), read.digest);
    if (row === undefined || !isSame) return { ok: false, reason: "unknown" };
    const key = keyOf(row);
    const state = keyState(key, now);
    return state === "live" ? { ok: true, key } : { ok: false, reason: state };
  }

  /** Whether the key with this id is still taken. */
  isLive(id: string, now: number): boolean {
    const key = this.#find(id);
    return key !== undefined && keyState(key, now) === "live";
  }

  /** A number that is another one after another process has changed the keys; what this one changes does not count. */
  version(): number {
    return readNumber(this.#statements.version.get(), "data_version");
  }

  /** Where the file is. */
  get path(): string {
    return this.#path;
  }

  /** Whether the file is no longer the one at its path: it was deleted, moved or replaced, say by a backup. */
  get isOrphaned(): boolean {
    return fileAt(this.#path) !== this.#file;
  }

  /** Ends the use of the file. */
  close(): void {
    this.#database.close();
  }

  #count(): number {
    return readNumber(this.#statements.count.get(), "count");
  }

  #find(id: string): StoredKey | undefined {
    const row = this.#statements.byId.get({ id });
    return row === undefined ? undefined : keyOf(row);
  }

  /** Newest first. */
  #live(name: string, now: number): StoredKey[] {
    return this.#statements.liveByName.all({ name, now }).map(keyOf);
  }

  #add({ name, scopes, expiresAt, now }: KeyRequest): Created {
    if (this.#count() >= this.#maxKeys && this.#statements.removeDead.run({ now }).changes === 0) {
      return { ok: false, reason: "full" };
    }
    const { id, text, digest } = createApiKey();
    this.#statements.insert.run({ id, name, digest, scopes: scopes.join(" "), now, expiresAt: expiresAt ?? null });
    const key = { id, name, scopes: [...scopes], createdAt: now, ...(expiresAt === undefined ? {} : { expiresAt }) };
    return { ok: true, key, text };
  }
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

/** A scope that this version does not know allows nothing. */
function keyOf(row: Row): StoredKey {
  const expiresAt = readOptionalNumber(row, "expires_at");
  const revokedAt = readOptionalNumber(row, "revoked_at");
  return {
    id: readText(row, "id"),
    name: readText(row, "name"),
    scopes: readText(row, "scopes").split(" ").filter(isScope),
    createdAt: readNumber(row, "created_at"),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}

function eventOf({ name, id, scopes }: StoredKey) {
  return { name, id, scopes };
}

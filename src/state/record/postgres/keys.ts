/** API keys on PostgreSQL. */

import type {
  Added,
  Keys,
  KeysMark,
  KeysSince,
  NewKey,
  ReplacementKey,
  Rotated,
  StoredKey,
} from "../../../access/keys.ts";
import { readBytes, readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import { readKey } from "../rows/key_row.ts";
import type { Database, Session } from "./database.ts";
import { changeKnown, readKnown } from "./known_tables.ts";

/** The capacity of the key store. */
export interface PostgresKeysOptions {
  /**
   * The most keys, including dead ones, which make room for new ones.
   *
   * @default 10_000
   */
  readonly maxKeys?: number | undefined;
}

const MAX_KEYS = 10_000;
/** `$1` is the time. */
const IS_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)";

/**
 * All keys of one database.
 *
 * Every change first locks the store's single row, so that changes are serialized and decide on current data. Each read
 * is one statement and waits for nobody.
 */
export class PostgresKeys implements Keys {
  readonly #database: Database;
  readonly #maxKeys: number;

  /** Takes over the database, which must have one connection: its operations take effect in call order. */
  constructor(database: Database, { maxKeys = MAX_KEYS }: PostgresKeysOptions = {}) {
    this.#database = database;
    this.#maxKeys = maxKeys;
  }

  async mark(): Promise<KeysMark> {
    const [row] = await this.#read("SELECT id AS store, revision FROM key_store");
    return this.#markOf(row);
  }

  async list(): Promise<readonly StoredKey[]> {
    return (await this.#read("SELECT * FROM keys ORDER BY number")).map(readKey);
  }

  async since(version: string | undefined): Promise<KeysSince> {
    if (version !== undefined && versionOf(await this.mark()) === version) return { kind: "same" };
    const rows = await this.#read(
      `SELECT key_store.id AS store, revision, keys.* FROM key_store LEFT JOIN keys ON true ORDER BY number`,
    );
    const mark = this.#markOf(rows[0]);
    const keys = rows.filter((row) => row["number"] !== null)
      .map((row) => ({ key: readKey(row), digest: readBytes(row, "digest") }));
    return { kind: "changed", version: versionOf(mark), mark, keys };
  }

  add(key: NewKey): Promise<Added> {
    return this.#change(async (session) => {
      const live = await liveOf(session, key.name, key.now);
      return live.length > 0 ? { ok: false, reason: "taken" } : await this.#insert(session, key);
    });
  }

  revoke(idOrName: string, now: number): Promise<readonly StoredKey[]> {
    return this.#change((session) => revoke(session, idOrName, now));
  }

  rotate(replacement: ReplacementKey): Promise<Rotated> {
    const { name, overlapMs, now } = replacement;
    return this.#change(async (session) => {
      const [before, ...older] = await liveOf(session, name, now);
      if (before === undefined) return { ok: false, reason: "unknown" };
      const added = await this.#insert(session, { ...replacement, scopes: before.scopes });
      if (!added.ok) return added;
      const ended: StoredKey[] = [];
      for (const { id } of older) ended.push(...await revoke(session, id, now));
      const [previous] = await session.query(
        "UPDATE keys SET expires_at = least(expires_at, $2) WHERE id = $1 RETURNING *",
        [before.id, now + overlapMs],
      );
      return { ok: true, key: added.key, previous: previous === undefined ? before : readKey(previous), ended };
    });
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #change<Outcome>(body: (session: Session) => Promise<Outcome>): Promise<Outcome> {
    return changeKnown(this.#database, async (session) => {
      await session.query("SELECT 1 FROM key_store FOR UPDATE");
      return await body(session);
    });
  }

  #read(text: string): Promise<Row[]> {
    return readKnown(this.#database, () => this.#database.read(text));
  }

  /** In a full store, the oldest dead key makes room. */
  async #insert(
    session: Session,
    { id, digest, name, scopes, expiresAt, now }: NewKey,
  ): Promise<{ readonly ok: true; readonly key: StoredKey } | { readonly ok: false; readonly reason: "full" }> {
    const [count] = await session.query("SELECT count(*) AS count FROM keys");
    if (readNumber(count, "count") >= this.#maxKeys) {
      const removed = await session.query(
        `DELETE FROM keys WHERE number = (SELECT min(number) FROM keys WHERE NOT (${IS_LIVE})) RETURNING 1`,
        [now],
      );
      if (removed.length === 0) return { ok: false, reason: "full" };
    }
    await session.query(
      "INSERT INTO keys (id, name, digest, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
      [id, name, digest, scopes.join(" "), now, expiresAt ?? null],
    );
    const key = { id, name, scopes: [...scopes], createdAt: now, ...(expiresAt === undefined ? {} : { expiresAt }) };
    return { ok: true, key };
  }

  #markOf(row: Row | undefined): KeysMark {
    const path = this.#database.name;
    if (row === undefined) {
      throw new StateError(`Cannot use ${path} as the row of its key store is gone: restore it from a backup`, {
        path,
        failure: "damaged",
      });
    }
    return { store: readText(row, "store"), revision: readNumber(row, "revision") };
  }
}

function versionOf({ store, revision }: KeysMark): string {
  return `${store} ${revision}`;
}

/** Newest first. */
async function liveOf(session: Session, name: string, now: number): Promise<StoredKey[]> {
  const rows = await session.query(`SELECT * FROM keys WHERE name = $2 AND ${IS_LIVE} ORDER BY number DESC`, [
    now,
    name,
  ]);
  return rows.map(readKey);
}

async function revoke(session: Session, idOrName: string, now: number): Promise<StoredKey[]> {
  const rows = await session.query(
    `UPDATE keys SET revoked_at = $1 WHERE (id = $2 OR name = $2) AND ${IS_LIVE} RETURNING *`,
    [now, idOrName],
  );
  return rows.map(readKey);
}

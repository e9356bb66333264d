/** Resumable sessions in `shared.db`, so that they outlive a server on the same machine. */

import type { DatabaseSync } from "node:sqlite";
import {
  KEPT_MS,
  MAX_RESUMABLE,
  MAX_RESUMABLE_LENGTH,
  MAX_RESUMABLE_OF_ONE,
  readSubscriptions,
} from "../../../session/resumption_store.ts";
import type {
  KeptSubscription,
  ResumableSession,
  Successor,
  TakenResumable,
} from "../../../session/resumption_store.ts";
import type { SessionTarget } from "../../../session/session_ends.ts";
import { readText } from "../../row.ts";
import { inTransaction } from "../../sqlite.ts";
import { MIGRATIONS } from "./session_statements.ts";

/** All sessions of one file; `now` is the wall clock, in milliseconds since the Unix epoch. */
export class SqliteResumptions {
  readonly #database: DatabaseSync;
  readonly #keptMs: number;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: DatabaseSync, keptMs: number = KEPT_MS) {
    this.#database = database;
    this.#keptMs = keptMs;
    this.#statements = prepareStatements(database);
  }

  keep(digest: string, { id, identity, subscriptions }: ResumableSession, now: number): boolean {
    const text = JSON.stringify(subscriptions);
    if (text.length > MAX_RESUMABLE_LENGTH) return false;
    this.#statements.forgetOld.run({ before: now - this.#keptMs });
    this.#statements.keep.run({ digest, id, identity, subscriptions: text, now });
    this.#statements.excessOfOne.run({ identity, max: MAX_RESUMABLE_OF_ONE });
    this.#statements.excess.run({ max: MAX_RESUMABLE });
    return true;
  }

  update(digest: string, subscriptions: readonly KeptSubscription[], now: number): void {
    const text = JSON.stringify(subscriptions);
    if (text.length > MAX_RESUMABLE_LENGTH) this.remove(digest);
    else this.#statements.update.run({ digest, subscriptions: text, now });
  }

  touch(digests: readonly string[], now: number): void {
    inTransaction(this.#database, MIGRATIONS, () => {
      for (const digest of digests) this.#statements.touch.run({ digest, now });
    });
  }

  take(handed: string, { identity, next }: Successor, now: number): TakenResumable | "unknown" {
    const row = this.#statements.find.get({ handed, identity, since: now - this.#keptMs });
    if (row === undefined) return "unknown";
    const digest = readText(row, "digest");
    this.#statements.take.run({ digest, next, handed, now });
    const subscriptions = readSubscriptions(readText(row, "subscriptions"));
    return subscriptions === undefined ? "unknown" : { id: readText(row, "id"), identity, subscriptions, digest };
  }

  confirm(digest: string): void {
    this.#statements.confirm.run({ digest });
  }

  remove(digest: string): void {
    this.#statements.remove.run({ digest });
  }

  end(target: SessionTarget): void {
    if ("id" in target) this.#statements.endOne.run({ id: target.id });
    else this.#statements.endAllOf.run({ identity: target.identity });
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    keep: database.prepare(
      `INSERT INTO resumable (digest, id, identity, subscriptions, seen_at)
       VALUES (:digest, :id, :identity, :subscriptions, :now)
       ON CONFLICT (digest) DO UPDATE SET subscriptions = :subscriptions, seen_at = :now`,
    ),
    update: database.prepare(
      "UPDATE resumable SET subscriptions = :subscriptions, seen_at = :now WHERE digest = :digest",
    ),
    touch: database.prepare("UPDATE resumable SET seen_at = :now WHERE digest = :digest"),
    find: database.prepare(
      `SELECT digest, id, subscriptions FROM resumable
       WHERE (digest = :handed OR before = :handed) AND identity = :identity AND seen_at > :since`,
    ),
    take: database.prepare(
      "UPDATE resumable SET digest = :next, before = :handed, seen_at = :now WHERE digest = :digest",
    ),
    confirm: database.prepare("UPDATE resumable SET before = NULL WHERE digest = :digest"),
    remove: database.prepare("DELETE FROM resumable WHERE digest = :digest"),
    endOne: database.prepare("DELETE FROM resumable WHERE id = :id"),
    endAllOf: database.prepare("DELETE FROM resumable WHERE identity = :identity"),
    forgetOld: database.prepare("DELETE FROM resumable WHERE seen_at <= :before"),
    excessOfOne: database.prepare(
      `DELETE FROM resumable WHERE digest IN (
         SELECT digest FROM resumable WHERE identity = :identity ORDER BY seen_at DESC LIMIT -1 OFFSET :max
       )`,
    ),
    excess: database.prepare(
      `DELETE FROM resumable WHERE digest IN (
         SELECT digest FROM resumable ORDER BY seen_at DESC LIMIT -1 OFFSET :max
       )`,
    ),
  };
}

/**
 * Processes that can send orders, in SQLite; each is live while it holds the lock on its file in the folder for locks.
 */

import type { InstanceFacts, ListedInstance } from "../../../trading/record/instances.ts";
import { isLocked, removeFreeLocks } from "../../instance_lock.ts";
import { readInstance, writeAccounts } from "../rows/instance_row.ts";
import type { RecordConnection } from "./connection.ts";

/** States of placements whose outcome is to be determined. */
const UNSETTLED = "is_alive = 1 AND state IN ('intent', 'sent', 'unknown')";

/** Conditions of placements whose process has ended. */
const OWNERLESS = "(instance IS NULL OR instance NOT IN (SELECT id FROM instances))";

/** See {@linkcode Instances}. */
export class SqliteInstances {
  readonly #connection: RecordConnection;
  readonly #folder: string;

  constructor(connection: RecordConnection, { folder }: { readonly folder: string }) {
    this.#connection = connection;
    this.#folder = folder;
  }

  enter(facts: InstanceFacts): void {
    this.#connection.transaction(() => {
      this.#insert(facts);
      for (const { id } of this.#ended(facts.id)) {
        this.#connection.run(
          `DELETE FROM instances WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM placements WHERE instance = ?1 AND ${UNSETTLED})`,
          id,
        );
      }
    });
    const known = new Set(this.#all().map(({ id }) => id));
    removeFreeLocks(this.#folder, (id) => known.has(id));
  }

  remove(id: string): void {
    this.#connection.run("DELETE FROM instances WHERE id = ?", id);
  }

  has(id: string): boolean {
    return this.#connection.row("SELECT 1 FROM instances WHERE id = ?", id) !== undefined;
  }

  /** Whether an instance is listed and its process is live. */
  isAlive(id: string): boolean {
    return this.has(id) && isLocked(this.#folder, id);
  }

  alive(): InstanceFacts[] {
    return this.#all().filter(({ id }) => isLocked(this.#folder, id));
  }

  /** Stored in a file of the state folder instead. */
  tell(): void {}

  listed(): ListedInstance[] {
    const none = { address: null, renewedAt: null, leaseUntil: null, report: null };
    return this.#all().map((facts) => ({ ...facts, ...none, isAlive: isLocked(this.#folder, facts.id) }));
  }

  takeOver(heir: string, accounts: readonly string[]): number {
    const lost = `${UNSETTLED} AND ${OWNERLESS} AND account IN (SELECT value FROM json_each(?))`;
    const whose = JSON.stringify(accounts);
    const isAnyLost = this.#connection.row(`SELECT 1 FROM placements WHERE ${lost} LIMIT 1`, whose) !== undefined;
    if (this.#ended(heir).length === 0 && !isAnyLost) return 0;
    return this.#connection.transaction(() => {
      for (const { id } of this.#ended(heir)) this.remove(id);
      const taken = `UPDATE placements SET instance = ? WHERE ${lost} RETURNING client_order_id`;
      return this.#connection.rows(taken, heir, whose).length;
    });
  }

  #insert({ id, pid, command, startedAt, cancels }: InstanceFacts): void {
    this.#connection.run(
      "INSERT INTO instances (id, pid, command, started_at, accounts) VALUES (?, ?, ?, ?, ?)",
      ...[id, pid, command, startedAt, writeAccounts(cancels)],
    );
  }

  /** Those whose process has ended; `self` is the calling one. */
  #ended(self: string): InstanceFacts[] {
    return this.#all().filter(({ id }) => id !== self && !isLocked(this.#folder, id));
  }

  #all(): InstanceFacts[] {
    return this.#connection.rows("SELECT * FROM instances ORDER BY started_at, id").map(readInstance);
  }
}

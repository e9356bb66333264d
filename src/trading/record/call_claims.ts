/** Calls with an idempotency key that are running, over all processes: each key in one attempt at a time. */

import type { Instances } from "./instances.ts";
import type { StoreConnection } from "./store_connection.ts";

/** One call that is about to run. */
export interface CallClaim {
  readonly venue: string;
  readonly identity: string;
  readonly idempotencyKey: string;
  /** What it asks for, in one form; `null` where that is not known here. */
  readonly asked: string | null;
  /** The process. */
  readonly instance: string;
  /** Unlike that of all other calls. */
  readonly attempt: string;
}

/** The keys that are in use. */
export class CallClaims {
  readonly #connection: StoreConnection;
  readonly #instances: Pick<Instances, "isAlive">;

  constructor(connection: StoreConnection, { instances }: { readonly instances: Pick<Instances, "isAlive"> }) {
    this.#connection = connection;
    this.#instances = instances;
  }

  /**
   * Takes a key for one call. `running`: another call for the same has it; `other`: one that asks for something else.
   * Keys of processes that have ended are free.
   *
   * @param options `isHere`: whether a call with the key runs in this process; one that this process holds is free else
   * @throws {StoreError}
   */
  claim(
    { venue, identity, idempotencyKey, asked, instance, attempt }: CallClaim,
    { isHere }: { readonly isHere: boolean },
  ): "claimed" | "running" | "other" {
    return this.#connection.transaction(() => {
      const row = this.#connection.row(
        "SELECT asked, instance FROM calls WHERE venue = ? AND identity = ? AND idempotency_key = ?",
        ...[venue, identity, idempotencyKey],
      );
      const holder = row === undefined ? undefined : String(row["instance"]);
      const isHeld = holder === instance ? isHere : holder !== undefined && this.#instances.isAlive(holder);
      if (row !== undefined && isHeld) {
        return row["asked"] === null || asked === null || row["asked"] === asked ? "running" : "other";
      }
      this.#connection.run(
        `INSERT OR REPLACE INTO calls (venue, identity, idempotency_key, asked, instance, attempt)
         VALUES (?, ?, ?, ?, ?, ?)`,
        ...[venue, identity, idempotencyKey, asked, instance, attempt],
      );
      return "claimed";
    });
  }

  /** Gives back the keys of processes that have ended. */
  clear(): void {
    for (const row of this.#connection.rows("SELECT DISTINCT instance FROM calls")) {
      const instance = String(row["instance"]);
      if (!this.#instances.isAlive(instance)) this.#connection.run("DELETE FROM calls WHERE instance = ?", instance);
    }
  }

  /** Gives the key back: what the call came to stands in the journal. */
  release(attempt: string): void {
    this.#connection.run("DELETE FROM calls WHERE attempt = ?", attempt);
  }
}

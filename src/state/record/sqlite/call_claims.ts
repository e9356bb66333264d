/** Running calls with an idempotency key, in SQLite. */

import { callClaiming } from "../../../trading/record/call_claims.ts";
import type { CallClaim, CallClaiming, CallHolder } from "../../../trading/record/call_claims.ts";
import { readText, readTextOrNull } from "../../row.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqliteInstances } from "./instances.ts";

/** See {@linkcode CallClaims}. */
export class SqliteCallClaims {
  readonly #connection: RecordConnection;
  readonly #instances: Pick<SqliteInstances, "isAlive">;

  constructor(
    connection: RecordConnection,
    { instances }: { readonly instances: Pick<SqliteInstances, "isAlive"> },
  ) {
    this.#connection = connection;
    this.#instances = instances;
  }

  claim(claim: CallClaim, { isHere }: { readonly isHere: boolean }): CallClaiming {
    const { account, venue, identity, idempotencyKey, asked, instance, attempt } = claim;
    return this.#connection.transaction(() => {
      const claiming = callClaiming(claim, this.#holderOf(claim), { isHere });
      if (claiming !== "claimed") return claiming;
      this.#connection.run(
        `INSERT OR REPLACE INTO calls (account, venue, identity, idempotency_key, asked, instance, attempt)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[account, venue, identity, idempotencyKey, asked, instance, attempt],
      );
      return claiming;
    });
  }

  release(attempt: string): void {
    this.#connection.run("DELETE FROM calls WHERE attempt = ?", attempt);
  }

  clear(): void {
    this.#connection.transaction(() => {
      for (const row of this.#connection.rows("SELECT DISTINCT instance FROM calls")) {
        const instance = readText(row, "instance");
        if (!this.#instances.isAlive(instance)) this.#connection.run("DELETE FROM calls WHERE instance = ?", instance);
      }
    });
  }

  #holderOf({ account, venue, identity, idempotencyKey }: CallClaim): CallHolder | undefined {
    const row = this.#connection.row(
      "SELECT asked, instance FROM calls WHERE account = ? AND venue = ? AND identity = ? AND idempotency_key = ?",
      ...[account, venue, identity, idempotencyKey],
    );
    if (row === undefined) return undefined;
    const instance = readText(row, "instance");
    return { asked: readTextOrNull(row, "asked"), instance, isAlive: this.#instances.isAlive(instance) };
  }
}

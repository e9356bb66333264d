/** Running calls with an idempotency key, on PostgreSQL. */

import { callClaiming } from "../../../trading/record/call_claims.ts";
import type { CallClaim, CallClaiming, CallClaims, CallHolder } from "../../../trading/record/call_claims.ts";
import { readText, readTextOrNull } from "../../row.ts";
import type { Session } from "./database.ts";
import { isAlive } from "./instances.ts";
import type { RecordConnection } from "./record_connection.ts";

/** See {@linkcode CallClaims}. */
export class PostgresCallClaims implements CallClaims {
  readonly #connection: RecordConnection;
  /** Attempts that ended while the database was unreachable; others still consider them running. */
  readonly #unreleased = new Set<string>();

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  claim(claim: CallClaim, { isHere }: { readonly isHere: boolean }): Promise<CallClaiming> {
    const { account, venue, identity, idempotencyKey, asked, instance, attempt } = claim;
    return this.#connection.change(async (change) => {
      const claiming = callClaiming(claim, await holderOf(change, claim), { isHere });
      if (claiming !== "claimed") return claiming;
      await change.query(
        `INSERT INTO calls (account, venue, identity, idempotency_key, asked, instance, attempt)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, venue, identity, idempotency_key) DO UPDATE
           SET asked = excluded.asked, instance = excluded.instance, attempt = excluded.attempt`,
        [account, venue, identity, idempotencyKey, asked, instance, attempt],
      );
      return claiming;
    });
  }

  async release(attempt: string): Promise<void> {
    this.#unreleased.add(attempt);
    await this.#connection.change(({ query }) => query("DELETE FROM calls WHERE attempt = $1", [attempt]));
    this.#unreleased.delete(attempt);
  }

  /** Releases what could not be released before. */
  async releaseAgain(): Promise<void> {
    const attempts = [...this.#unreleased];
    if (attempts.length === 0) return;
    await this.#connection.change(({ query }) =>
      query("DELETE FROM calls WHERE attempt = ANY ($1::text[])", [attempts])
    );
    for (const attempt of attempts) this.#unreleased.delete(attempt);
  }

  async clear(): Promise<void> {
    await this.#connection.change(({ query }) =>
      query(
        `DELETE FROM calls WHERE NOT EXISTS (
           SELECT 1 FROM instances WHERE instances.id = calls.instance AND lease_until > clock_timestamp())`,
      )
    );
  }
}

async function holderOf(
  session: Session,
  { account, venue, identity, idempotencyKey }: CallClaim,
): Promise<CallHolder | undefined> {
  const [row] = await session.query(
    "SELECT asked, instance FROM calls WHERE account = $1 AND venue = $2 AND identity = $3 AND idempotency_key = $4",
    [account, venue, identity, idempotencyKey],
  );
  if (row === undefined) return undefined;
  const instance = readText(row, "instance");
  return { asked: readTextOrNull(row, "asked"), instance, isAlive: await isAlive(session, instance) };
}

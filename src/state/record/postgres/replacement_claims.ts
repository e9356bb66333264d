/** Orders that are being or were replaced, on PostgreSQL. */

import type { ReplacementAttempt } from "../../../trading/record/recorded_placement.ts";
import { replacementClaiming } from "../../../trading/record/replacement_claims.ts";
import type {
  Claiming,
  EarlierClaim,
  ReplacementClaim,
  ReplacementClaims,
  UnfinishedReplacement,
} from "../../../trading/record/replacement_claims.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import type { Session } from "./database.ts";
import { isAlive } from "./instances.ts";
import { placementOfOrder } from "./journal_reads.ts";
import type { RecordConnection } from "./record_connection.ts";

/** See {@linkcode ReplacementClaims}. */
export class PostgresReplacementClaims implements ReplacementClaims {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  claim(
    claim: ReplacementClaim,
    { isFinal, now }: { readonly isFinal: boolean; readonly now: number },
  ): Promise<Claiming> {
    return this.#connection.change(async (change) => {
      const placement = await placementOfOrder(change, claim.orderId, claim);
      const earlier = await earlierOf(change, claim);
      const claiming = replacementClaiming(claim, { earlier, isFinal, placement });
      if (claiming.kind === "resumed") await resume(change, claim, now);
      if (claiming.kind === "claimed") await insert(change, claim, now);
      return claiming;
    });
  }

  async unfinished(
    { account, venue, identity, idempotencyKey }:
      & Pick<ReplacementClaim, "account" | "venue" | "identity">
      & { readonly idempotencyKey: string },
  ): Promise<UnfinishedReplacement | undefined> {
    const row = await this.#connection.row(
      `SELECT * FROM replacements WHERE account = $1 AND venue = $2 AND identity = $3 AND idempotency_key = $4
         AND placed_as IS NULL AND terms IS NOT NULL ORDER BY claimed_at DESC LIMIT 1`,
      ...[account, venue, identity, idempotencyKey],
    );
    return row && {
      orderId: readText(row, "order_id"),
      asked: readTextOrNull(row, "asked"),
      terms: readText(row, "terms"),
      claimedAt: readNumber(row, "claimed_at"),
    };
  }

  release(
    { account, venue, orderId, attempt }: ReplacementAttempt,
    { isUntouched }: { readonly isUntouched: boolean },
  ): Promise<void> {
    const mine = "account = $1 AND venue = $2 AND order_id = $3 AND attempt = $4";
    const values = [account, venue, orderId, attempt];
    return this.#connection.change(async ({ query }) => {
      await query(
        `DELETE FROM replacements WHERE ${mine} AND placed_as IS NULL AND (idempotency_key IS NULL OR $5)`,
        [...values, isUntouched],
      );
      await query(`UPDATE replacements SET instance = NULL, attempt = NULL WHERE ${mine}`, values);
    });
  }
}

async function earlierOf(
  session: Session,
  { account, venue, orderId }: ReplacementClaim,
): Promise<EarlierClaim | undefined> {
  const [row] = await session.query(
    "SELECT * FROM replacements WHERE account = $1 AND venue = $2 AND order_id = $3",
    [account, venue, orderId],
  );
  return row && {
    identity: readText(row, "identity"),
    idempotencyKey: readTextOrNull(row, "idempotency_key"),
    isPlaced: row["placed_as"] !== null,
    isHeld: row["attempt"] !== null && await isAlive(session, readText(row, "instance")),
  };
}

async function resume(
  { query }: Session,
  { account, venue, orderId, terms, instance, attempt }: ReplacementClaim,
  now: number,
): Promise<void> {
  await query(
    `UPDATE replacements SET instance = $1, attempt = $2, terms = $3,
       claimed_at = CASE WHEN terms IS NOT DISTINCT FROM $3 THEN claimed_at ELSE $4 END
     WHERE account = $5 AND venue = $6 AND order_id = $7`,
    [instance, attempt, terms, now, account, venue, orderId],
  );
}

async function insert({ query }: Session, claim: ReplacementClaim, now: number): Promise<void> {
  const { account, venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt } = claim;
  await query("DELETE FROM replacements WHERE account = $1 AND venue = $2 AND order_id = $3", [
    account,
    venue,
    orderId,
  ]);
  await query(
    `INSERT INTO replacements (account, venue, order_id, identity, idempotency_key, asked, terms, instance, attempt, claimed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [account, venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt, now],
  );
}

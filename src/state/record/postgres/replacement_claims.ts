/** Orders that are being replaced or were, on PostgreSQL. */

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
      const placement = await placementOfOrder(change, claim.orderId, claim.venue);
      const earlier = await earlierOf(change, claim);
      const claiming = replacementClaiming(claim, { earlier, isFinal, placement });
      if (claiming.kind === "resumed") await resume(change, claim, now);
      if (claiming.kind === "claimed") await insert(change, claim, now);
      return claiming;
    });
  }

  async unfinished(
    { venue, identity, idempotencyKey }:
      & Pick<ReplacementClaim, "venue" | "identity">
      & { readonly idempotencyKey: string },
  ): Promise<UnfinishedReplacement | undefined> {
    const row = await this.#connection.row(
      `SELECT * FROM replacements WHERE venue = $1 AND identity = $2 AND idempotency_key = $3 AND placed_as IS NULL
         AND terms IS NOT NULL ORDER BY claimed_at DESC LIMIT 1`,
      ...[venue, identity, idempotencyKey],
    );
    return row && {
      orderId: readText(row, "order_id"),
      asked: readTextOrNull(row, "asked"),
      terms: readText(row, "terms"),
      claimedAt: readNumber(row, "claimed_at"),
    };
  }

  release(
    { venue, orderId, attempt }: ReplacementAttempt,
    { isUntouched }: { readonly isUntouched: boolean },
  ): Promise<void> {
    const mine = "venue = $1 AND order_id = $2 AND attempt = $3";
    const values = [venue, orderId, attempt];
    return this.#connection.change(async ({ query }) => {
      await query(
        `DELETE FROM replacements WHERE ${mine} AND placed_as IS NULL AND (idempotency_key IS NULL OR $4)`,
        [...values, isUntouched],
      );
      await query(`UPDATE replacements SET instance = NULL, attempt = NULL WHERE ${mine}`, values);
    });
  }
}

async function earlierOf(
  session: Session,
  { venue, orderId }: ReplacementClaim,
): Promise<EarlierClaim | undefined> {
  const [row] = await session.query("SELECT * FROM replacements WHERE venue = $1 AND order_id = $2", [venue, orderId]);
  return row && {
    identity: readText(row, "identity"),
    idempotencyKey: readTextOrNull(row, "idempotency_key"),
    isPlaced: row["placed_as"] !== null,
    isHeld: row["attempt"] !== null && await isAlive(session, readText(row, "instance")),
  };
}

async function resume(
  { query }: Session,
  { venue, orderId, terms, instance, attempt }: ReplacementClaim,
  now: number,
): Promise<void> {
  await query(
    `UPDATE replacements SET instance = $1, attempt = $2, terms = $3,
       claimed_at = CASE WHEN terms IS NOT DISTINCT FROM $3 THEN claimed_at ELSE $4 END
     WHERE venue = $5 AND order_id = $6`,
    [instance, attempt, terms, now, venue, orderId],
  );
}

async function insert({ query }: Session, claim: ReplacementClaim, now: number): Promise<void> {
  const { venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt } = claim;
  await query("DELETE FROM replacements WHERE venue = $1 AND order_id = $2", [venue, orderId]);
  await query(
    `INSERT INTO replacements (venue, order_id, identity, idempotency_key, asked, terms, instance, attempt, claimed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt, now],
  );
}

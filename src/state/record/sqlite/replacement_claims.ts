/** Orders that are being or were replaced, in SQLite. */

import type { ReplacementAttempt } from "../../../trading/record/recorded_placement.ts";
import { replacementClaiming } from "../../../trading/record/replacement_claims.ts";
import type {
  Claiming,
  EarlierClaim,
  ReplacementClaim,
  UnfinishedReplacement,
} from "../../../trading/record/replacement_claims.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqliteInstances } from "./instances.ts";
import type { JournalReads } from "./journal_reads.ts";

/** See {@linkcode ReplacementClaims}. */
export class SqliteReplacementClaims {
  readonly #connection: RecordConnection;
  readonly #instances: Pick<SqliteInstances, "isAlive">;
  readonly #placements: Pick<JournalReads, "findByOrderId">;

  constructor(
    connection: RecordConnection,
    { instances, placements }: {
      readonly instances: Pick<SqliteInstances, "isAlive">;
      readonly placements: Pick<JournalReads, "findByOrderId">;
    },
  ) {
    this.#connection = connection;
    this.#instances = instances;
    this.#placements = placements;
  }

  claim(claim: ReplacementClaim, { isFinal, now }: { readonly isFinal: boolean; readonly now: number }): Claiming {
    return this.#connection.transaction(() => {
      const placement = this.#placements.findByOrderId(claim.orderId, claim);
      const claiming = replacementClaiming(claim, { earlier: this.#earlier(claim), isFinal, placement });
      if (claiming.kind === "resumed") this.#resume(claim, now);
      if (claiming.kind === "claimed") this.#insert(claim, now);
      return claiming;
    });
  }

  unfinished(
    { account, venue, identity, idempotencyKey }:
      & Pick<ReplacementClaim, "account" | "venue" | "identity">
      & { readonly idempotencyKey: string },
  ): UnfinishedReplacement | undefined {
    const row = this.#connection.row(
      `SELECT * FROM replacements WHERE account = ? AND venue = ? AND identity = ? AND idempotency_key = ?
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

  /** Whether a claim still belongs to this attempt. */
  isMine({ account, venue, orderId, attempt }: ReplacementAttempt): boolean {
    const row = this.#connection.row(
      "SELECT 1 FROM replacements WHERE account = ? AND venue = ? AND order_id = ? AND attempt = ?",
      ...[account, venue, orderId, attempt],
    );
    return row !== undefined;
  }

  /** Records the new order of a claim, as part of the change that records the order. */
  placed({ account, venue, orderId, attempt }: ReplacementAttempt, clientOrderId: string): void {
    this.#connection.run(
      "UPDATE replacements SET placed_as = ? WHERE account = ? AND venue = ? AND order_id = ? AND attempt = ?",
      ...[clientOrderId, account, venue, orderId, attempt],
    );
  }

  release(
    { account, venue, orderId, attempt }: ReplacementAttempt,
    { isUntouched }: { readonly isUntouched: boolean },
  ): void {
    const mine = "account = ? AND venue = ? AND order_id = ? AND attempt = ?";
    const values = [account, venue, orderId, attempt];
    const isForgotten = `${mine} AND placed_as IS NULL AND (idempotency_key IS NULL OR ${isUntouched ? "1" : "0"})`;
    this.#connection.transaction(() => {
      this.#connection.run(`DELETE FROM replacements WHERE ${isForgotten}`, ...values);
      this.#connection.run(`UPDATE replacements SET instance = NULL, attempt = NULL WHERE ${mine}`, ...values);
    });
  }

  #earlier({ account, venue, orderId }: ReplacementClaim): EarlierClaim | undefined {
    const row = this.#connection.row(
      "SELECT * FROM replacements WHERE account = ? AND venue = ? AND order_id = ?",
      ...[account, venue, orderId],
    );
    return row && {
      identity: readText(row, "identity"),
      idempotencyKey: readTextOrNull(row, "idempotency_key"),
      isPlaced: row["placed_as"] !== null,
      isHeld: row["attempt"] !== null && this.#instances.isAlive(readText(row, "instance")),
    };
  }

  #resume({ account, venue, orderId, terms, instance, attempt }: ReplacementClaim, now: number): void {
    this.#connection.run(
      `UPDATE replacements SET instance = ?1, attempt = ?2, terms = ?3,
         claimed_at = iif(terms IS ?3, claimed_at, ?4) WHERE account = ?5 AND venue = ?6 AND order_id = ?7`,
      ...[instance, attempt, terms, now, account, venue, orderId],
    );
  }

  #insert(claim: ReplacementClaim, now: number): void {
    const { account, venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt } = claim;
    this.#connection.run(
      `INSERT OR REPLACE INTO replacements
         (account, venue, order_id, identity, idempotency_key, asked, terms, instance, attempt, claimed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[account, venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt, now],
    );
  }
}

/**
 * Orders that are being replaced or were, over all processes. A claim belongs to one attempt of one process: when the
 * process has ended or the attempt has given up, the same call goes on with what it had come to, and another one may
 * replace the order as long as it is open. Once the new order is written down, the claim stays for good.
 */

import { readNumber, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import type { Instances } from "./instances.ts";
import type { JournalReads } from "./journal_reads.ts";
import type { Placement, ReplacementAttempt } from "./recorded_placement.ts";
import type { StoreConnection } from "./store_connection.ts";

/** One order to be replaced, by whom. */
export interface ReplacementClaim extends ReplacementAttempt {
  readonly identity: string;
  readonly idempotencyKey: string | null;
  /** What its caller asked for, in one form. */
  readonly asked: string | null;
  /** What the same call needs to go on after it was cut short; JSON of whoever claims. */
  readonly terms: string | null;
  /** The process. */
  readonly instance: string;
}

/**
 * What a claim comes to. `resumed`: the same call has been at it before and left something to go on with; `taken`:
 * another call is at it, or has placed the new order; `over`: nobody is, and the order is final.
 */
export interface Claiming {
  readonly kind: "claimed" | "resumed" | "taken" | "over";
  /** Whether the order is final, as the exchange or the record knows. */
  readonly isOver: boolean;
  /** The placement of the order, where it is one of this record's. */
  readonly placement: Placement | undefined;
}

/** The claims of one venue. */
export class ReplacementClaims {
  readonly #connection: StoreConnection;
  readonly #instances: Pick<Instances, "isAlive">;
  readonly #placements: Pick<JournalReads, "findByOrderId">;
  readonly #venue: string;

  constructor(
    connection: StoreConnection,
    { instances, placements, venue }: {
      readonly instances: Pick<Instances, "isAlive">;
      readonly placements: Pick<JournalReads, "findByOrderId">;
      readonly venue: string;
    },
  ) {
    this.#connection = connection;
    this.#instances = instances;
    this.#placements = placements;
    this.#venue = venue;
  }

  /**
   * Claims an order.
   *
   * @param options `isFinal`: whether the exchange says so of it; `now`: wall milliseconds
   * @throws {StoreError}
   */
  claim(claim: ReplacementClaim, { isFinal, now }: { readonly isFinal: boolean; readonly now: number }): Claiming {
    return this.#connection.transaction(() => {
      const placement = this.#placements.findByOrderId(claim.orderId);
      // The record may know the end before reads show it.
      const isOver = isFinal || placement?.isOpen === false;
      return { kind: this.#claim(claim, { isOver, now }), isOver, placement };
    });
  }

  #claim(
    { orderId, identity, idempotencyKey, asked, terms, instance, attempt }: ReplacementClaim,
    { isOver, now }: { readonly isOver: boolean; readonly now: number },
  ): Claiming["kind"] {
    const row = this.#connection.row(
      "SELECT * FROM replacements WHERE venue = ? AND order_id = ?",
      ...[this.#venue, orderId],
    );
    if (row !== undefined && (row["placed_as"] !== null || this.#isHeld(row))) return "taken";
    const isMine = row !== undefined && idempotencyKey !== null && row["idempotency_key"] === idempotencyKey &&
      row["identity"] === identity;
    if (isMine) {
      this.#connection.run(
        `UPDATE replacements SET instance = ?1, attempt = ?2, terms = ?3,
             claimed_at = iif(terms IS ?3, claimed_at, ?4) WHERE venue = ?5 AND order_id = ?6`,
        ...[instance, attempt, terms, now, this.#venue, orderId],
      );
      return "resumed";
    }
    if (isOver) return "over";
    this.#connection.run(
      `INSERT OR REPLACE INTO replacements
           (venue, order_id, identity, idempotency_key, asked, terms, instance, attempt, claimed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[this.#venue, orderId, identity, idempotencyKey, asked, terms, instance, attempt, now],
    );
    return "claimed";
  }

  /** What a call that was cut short goes on with, `asked` what it asked for, and when the terms were made. */
  unfinished(
    identity: string,
    idempotencyKey: string,
  ):
    | { readonly orderId: string; readonly asked: string | null; readonly terms: string; readonly claimedAt: number }
    | undefined {
    const row = this.#connection.row(
      `SELECT * FROM replacements WHERE venue = ? AND identity = ? AND idempotency_key = ? AND placed_as IS NULL
         AND terms IS NOT NULL ORDER BY claimed_at DESC LIMIT 1`,
      ...[this.#venue, identity, idempotencyKey],
    );
    return row && {
      orderId: String(row["order_id"]),
      asked: readTextOrNull(row, "asked"),
      terms: String(row["terms"]),
      claimedAt: readNumber(row, "claimed_at"),
    };
  }

  /** Whether a claim is still this attempt's. */
  isMine({ orderId, attempt }: ReplacementAttempt): boolean {
    const row = this.#connection.row(
      "SELECT 1 FROM replacements WHERE venue = ? AND order_id = ? AND attempt = ?",
      ...[this.#venue, orderId, attempt],
    );
    return row !== undefined;
  }

  /** Writes which order took the place, as part of the change that writes the order down. */
  placed({ orderId, attempt }: ReplacementAttempt, clientOrderId: string): void {
    this.#connection.run(
      "UPDATE replacements SET placed_as = ? WHERE venue = ? AND order_id = ? AND attempt = ?",
      ...[clientOrderId, this.#venue, orderId, attempt],
    );
  }

  /**
   * Ends an attempt. With nothing cancelled nothing is left of the claim; else the same call may go on.
   *
   * @throws {StoreError} the claim ends with the process
   */
  release(
    { orderId, attempt }: ReplacementAttempt,
    { isUntouched }: { readonly isUntouched: boolean },
  ): void {
    const mine = "venue = ? AND order_id = ? AND attempt = ?";
    const values = [this.#venue, orderId, attempt];
    const isForgotten = `${mine} AND placed_as IS NULL AND (idempotency_key IS NULL OR ${isUntouched ? "1" : "0"})`;
    this.#connection.run(`DELETE FROM replacements WHERE ${isForgotten}`, ...values);
    this.#connection.run(`UPDATE replacements SET instance = NULL, attempt = NULL WHERE ${mine}`, ...values);
  }

  #isHeld(row: Row): boolean {
    return row["attempt"] !== null && this.#instances.isAlive(String(row["instance"]));
  }
}

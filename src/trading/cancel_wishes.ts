/**
 * Wishes to cancel everything that is open, as a halt may bring one: each stands in the record until no order is open
 * any more, whatever becomes of the process that works on it. One process at a time does so.
 */

import { z } from "zod";
import { cleanText } from "../exchange/errors.ts";
import { readNumber, readOptionalNumber, readText } from "../state/sqlite.ts";
import type { Row } from "../state/sqlite.ts";
import type { Audit } from "./audit.ts";
import type { StoreConnection } from "./store_connection.ts";

/** Real orders, or paper ones. */
export type OrderKind = "real" | "paper";

/** An order that was not seen final; under one of its ids at least. */
export interface RemainingOrder {
  readonly order_id?: string | undefined;
  readonly client_order_id?: string | undefined;
  /** Stable code. */
  readonly reason: string;
}

/** One wish, and how far it has come. Times are wall milliseconds. */
export interface CancelWish {
  readonly kind: OrderKind;
  /** Which one it is, where the same kind is wished for again. */
  readonly number: number;
  readonly by: string;
  readonly wishedAt: number;
  /** The instance that works on it; `null` before one does. */
  readonly instance: string | null;
  /** How often it was tried. */
  readonly rounds: number;
  /** When the last round ended. */
  readonly triedAt: number | null;
  /** What was still open then; the first hundred. */
  readonly remaining: readonly RemainingOrder[];
  /** Why the exchange's list could not be read in the last round, so that more may be open. */
  readonly unlisted: string | null;
  /** When nothing was open any more. */
  readonly doneAt: number | null;
}

/** What one round came to. */
export interface RoundOutcome {
  readonly remaining: readonly RemainingOrder[];
  readonly unlisted: string | null;
  /** Nothing is open, and nothing that may be is on its way. */
  readonly isDone: boolean;
}

const MAX_REMAINING = 100;

const Remaining = z.array(z.object({
  order_id: z.string().exactOptional(),
  client_order_id: z.string().exactOptional(),
  reason: z.string(),
}));

/** The wishes of one record. */
export class CancelWishes {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;

  constructor(connection: StoreConnection, { audit }: { audit: Audit }) {
    this.#connection = connection;
    this.#audit = audit;
  }

  /** Wishes anew; to be called within the transaction of the halt. */
  add(kind: OrderKind, { by, now }: { readonly by: string; readonly now: number }): void {
    this.#connection.run(
      `INSERT INTO cancel_wishes (kind, number, by, wished_at) VALUES (?1, 1, ?2, ?3)
       ON CONFLICT (kind) DO UPDATE SET number = number + 1, by = ?2, wished_at = ?3, instance = NULL, rounds = 0,
         tried_at = NULL, remaining = '[]', unlisted = NULL, done_at = NULL`,
      ...[kind, by, now],
    );
  }

  /** All that were made since trading was allowed last. */
  all(): CancelWish[] {
    return this.#connection.rows("SELECT * FROM cancel_wishes ORDER BY kind DESC").map(readWish);
  }

  /** Those that are not fulfilled. */
  open(kinds: readonly OrderKind[]): CancelWish[] {
    return this.all().filter(({ kind, doneAt }) => doneAt === null && kinds.includes(kind));
  }

  /** Takes a wish up for an instance, unless another one that lives works on it. */
  claim({ kind, number }: CancelWish, instance: string, isAlive: (id: string) => boolean): boolean {
    return this.#connection.transaction(() => {
      const wish = this.open([kind]).find((each) => each.number === number);
      if (wish === undefined) return false;
      const other = wish.instance === instance ? null : wish.instance;
      if (other !== null && isAlive(other)) return false;
      this.#connection.run("UPDATE cancel_wishes SET instance = ? WHERE kind = ?", instance, kind);
      return true;
    });
  }

  /** Writes what a round came to; nothing when the wish was made anew or withdrawn meanwhile. */
  note({ kind, number }: CancelWish, outcome: RoundOutcome, now: number): void {
    this.#connection.transaction(() => {
      const wish = this.open([kind]).find((each) => each.number === number);
      if (wish === undefined) return;
      const remaining = outcome.remaining.slice(0, MAX_REMAINING).map((order) => ({
        ...order,
        reason: cleanText(order.reason),
      }));
      this.#connection.run(
        `UPDATE cancel_wishes SET rounds = rounds + 1, tried_at = ?, remaining = ?, unlisted = ?, done_at = ?
         WHERE kind = ?`,
        ...[now, JSON.stringify(remaining), outcome.unlisted, outcome.isDone ? now : null, kind],
      );
      if (!outcome.isDone) return;
      const data = { orders: kind, done: true, rounds: wish.rounds + 1 };
      this.#audit.append({ event: "cancel_open", identity: wish.by, data }, now);
    });
  }

  /** Takes all back, as trading goes on; answers those that were not fulfilled. */
  withdraw(): CancelWish[] {
    const open = this.open(["real", "paper"]);
    this.#connection.run("DELETE FROM cancel_wishes");
    return open;
  }
}

function readWish(row: Row): CancelWish {
  return {
    kind: readText(row, "kind") === "paper" ? "paper" : "real",
    number: readNumber(row, "number"),
    by: readText(row, "by"),
    wishedAt: readNumber(row, "wished_at"),
    instance: readOptionalText(row, "instance"),
    rounds: readNumber(row, "rounds"),
    triedAt: readOptionalNumber(row, "tried_at") ?? null,
    remaining: Remaining.parse(JSON.parse(readText(row, "remaining"))),
    unlisted: readOptionalText(row, "unlisted"),
    doneAt: readOptionalNumber(row, "done_at") ?? null,
  };
}

function readOptionalText(row: Row, column: string): string | null {
  return row[column] === null ? null : readText(row, column);
}

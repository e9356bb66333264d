/**
 * Requests to cancel everything that is open, as a halt may bring one: each stands in the record until no order is open
 * any more, whatever becomes of the process that works on it. One process at a time does so, and after each
 * round any of them may go on: another one may have the better key or connection.
 */

import { z } from "zod";
import { cleanText } from "../../text/clean_text.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
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

/** One request, and how far it has come. Times are wall milliseconds. */
export interface CancelRequest {
  readonly kind: OrderKind;
  /** Which one it is, where the same kind is requested again. */
  readonly number: number;
  readonly by: string;
  readonly requestedAt: number;
  /** The instance that works on it or has last; `null` before one does. */
  readonly instance: string | null;
  /** When the round began that is running; `null` between rounds. */
  readonly begunAt: number | null;
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

/** A round that takes longer may be of a process that stands still; that an order is cancelled twice does no harm. */
const LONGEST_ROUND_MS = 300_000;

const Remaining = z.array(z.object({
  order_id: z.string().exactOptional(),
  client_order_id: z.string().exactOptional(),
  reason: z.string(),
}));

/** The requests of one record. */
export class CancelRequests {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;
  readonly #instances: { isAlive(id: string): boolean };

  constructor(
    connection: StoreConnection,
    { audit, instances }: { readonly audit: Audit; readonly instances: { isAlive(id: string): boolean } },
  ) {
    this.#connection = connection;
    this.#audit = audit;
    this.#instances = instances;
  }

  /** Makes a request again; to be called within the transaction of the halt. */
  add(kind: OrderKind, { by, now }: { readonly by: string; readonly now: number }): void {
    this.#connection.run(
      `INSERT INTO cancel_wishes (kind, number, by, wished_at) VALUES (?1, 1, ?2, ?3)
       ON CONFLICT (kind) DO UPDATE SET number = number + 1, by = ?2, wished_at = ?3, instance = NULL, begun_at = NULL,
         rounds = 0, tried_at = NULL, remaining = '[]', unlisted = NULL, done_at = NULL`,
      ...[kind, by, now],
    );
  }

  /** All that were made since trading was allowed last. */
  all(): CancelRequest[] {
    return this.#connection.rows("SELECT * FROM cancel_wishes ORDER BY kind DESC").map(readRequest);
  }

  /** Those that are not completed. */
  open(kinds: readonly OrderKind[]): CancelRequest[] {
    return this.all().filter(({ kind, doneAt }) => doneAt === null && kinds.includes(kind));
  }

  /**
   * Takes a request up for an instance for one round, unless another one that lives is at one.
   *
   * @param options `fromLiving`: takes it from one that lives too. Default `false`
   */
  claim(
    { kind, number }: Pick<CancelRequest, "kind" | "number">,
    instance: string,
    { fromLiving = false, now }: { readonly fromLiving?: boolean | undefined; readonly now: number },
  ): boolean {
    return this.#connection.transaction(() => {
      const request = this.open([kind]).find((each) => each.number === number);
      if (request === undefined) return false;
      const other = request.instance === instance ? null : request.instance;
      const isRunning = request.begunAt !== null && now - request.begunAt < LONGEST_ROUND_MS;
      if (other !== null && isRunning && !fromLiving && this.#instances.isAlive(other)) return false;
      this.#connection.run("UPDATE cancel_wishes SET instance = ?, begun_at = ? WHERE kind = ?", instance, now, kind);
      return true;
    });
  }

  /** Writes what a round came to; nothing when the request was made again or withdrawn meanwhile. */
  note({ kind, number }: Pick<CancelRequest, "kind" | "number">, outcome: RoundOutcome, now: number): void {
    this.#connection.transaction(() => {
      const request = this.open([kind]).find((each) => each.number === number);
      if (request === undefined) return;
      const remaining = outcome.remaining.slice(0, MAX_REMAINING).map((order) => ({
        ...order,
        reason: cleanText(order.reason),
      }));
      this.#connection.run(
        `UPDATE cancel_wishes SET begun_at = NULL, rounds = rounds + 1, tried_at = ?, remaining = ?, unlisted = ?,
           done_at = ? WHERE kind = ?`,
        ...[now, JSON.stringify(remaining), outcome.unlisted, outcome.isDone ? now : null, kind],
      );
      if (!outcome.isDone) return;
      const data = { orders: kind, done: true, rounds: request.rounds + 1 };
      this.#audit.append({ event: "cancel_open", identity: request.by, data }, now);
    });
  }

  /** Takes all back, as trading goes on; answers those that were not completed. */
  withdraw(): CancelRequest[] {
    const open = this.open(["real", "paper"]);
    this.#connection.run("DELETE FROM cancel_wishes");
    return open;
  }
}

function readRequest(row: Row): CancelRequest {
  return {
    kind: readText(row, "kind") === "paper" ? "paper" : "real",
    number: readNumber(row, "number"),
    by: readText(row, "by"),
    requestedAt: readNumber(row, "wished_at"),
    instance: readTextOrNull(row, "instance"),
    begunAt: readOptionalNumber(row, "begun_at") ?? null,
    rounds: readNumber(row, "rounds"),
    triedAt: readOptionalNumber(row, "tried_at") ?? null,
    remaining: Remaining.parse(JSON.parse(readText(row, "remaining"))),
    unlisted: readTextOrNull(row, "unlisted"),
    doneAt: readOptionalNumber(row, "done_at") ?? null,
  };
}

/**
 * The audit: who decided, confirmed and sent what, when and under which policy. Rows are only ever added, and each
 * holds the hash of the one before it.
 *
 * {@linkcode Audit.verify} finds rows that were changed, removed, put in between or put in another order, at the end
 * too. It cannot find that somebody who can write the file has made all of it anew, as no key is involved: keep the
 * head that it answers elsewhere, and give it back as `expectedHead`; then everything up to that row is proved.
 */

import type { Redact } from "../../secrets/redaction.ts";
import { readNumber, readText } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import { chained, checkRow, cleanId, recordedIdentity, writeData } from "./audit_row.ts";
import type { AuditEvent, AuditRow } from "./audit_row.ts";
import { CHAIN_START } from "./schema.ts";
import type { StoreConnection } from "./store_connection.ts";
import { StoreError } from "./store_error.ts";

/**
 * What {@linkcode Audit.verify} found: all rows and the last one's hash, or the first row that is wrong; `null` where it
 * is no row of the audit. `archived`: how many of the rows lie in archive files, where there are such.
 */
export type Verification =
  | { readonly ok: true; readonly rows: number; readonly head: string; readonly archived?: number }
  | { readonly ok: false; readonly row: number | null; readonly reason: string };

/** How {@linkcode Audit.verify} goes about. */
export interface VerifyOptions {
  /** A head that was kept elsewhere: its row must be there. */
  readonly expectedHead?: string | undefined;
  /** The rows that were moved into archive files, in their order. @default [] */
  readonly archived?: Iterable<AuditRow>;
  /** Takes every row that is right, in their order. */
  readonly visit?: (row: AuditRow) => void;
}

/** Which rows {@linkcode Audit.trail} answers; what is left out is not asked for. */
export interface TrailQuery {
  readonly orderId?: string | undefined;
  readonly clientOrderId?: string | undefined;
  /** Only rows of this identity. */
  readonly identity?: string | undefined;
  /** @default {1_000} */
  readonly limit?: number;
}

const MAX_TRAIL = 10_000;

/** Previews that one caller may ask for in a minute, over all processes: each is a row that stays. */
export const PREVIEWS_PER_MINUTE = 60;

const MINUTE_MS = 60_000;

/** The append-only, hash-chained record. */
export class Audit {
  readonly #connection: StoreConnection;
  readonly #redact: Redact;
  readonly #venue: string | null;
  /** Shared with the views of {@linkcode Audit.at}. */
  #hearing: { listener?: (row: AuditRow) => void } = {};

  /**
   * `redact` hides secrets in what rows say; callers may have typed one. `venue`: which one the rows speak of that are
   * added, `null` for an exchange that never restarts.
   */
  constructor(connection: StoreConnection, redact: Redact = (text) => text, venue: string | null = null) {
    this.#connection = connection;
    this.#redact = redact;
    this.#venue = venue;
  }

  /** The same record, for rows that speak of one venue; `""` is an exchange that never restarts. */
  at(venue: string): Audit {
    const audit = new Audit(this.#connection, this.#redact, venue === "" ? null : venue);
    audit.#hearing = this.#hearing;
    return audit;
  }

  /** Adds a row to the change that is being made; for an event alone there is {@linkcode Audit.record}. */
  append(event: AuditEvent, now: number): void {
    if (!this.#connection.isInTransaction) {
      throw new TypeError(`Cannot append ${event.event} as no transaction is running`);
    }
    const head = this.#head();
    const row = chained({
      seq: head.seq + 1,
      at: now,
      identity: recordedIdentity(event.identity),
      event: event.event,
      clientOrderId: cleanId(event.clientOrderId),
      orderId: cleanId(event.orderId),
      data: writeData(event.data ?? {}, this.#redact),
      previous: head.hash,
      venue: this.#venue,
    });
    this.#connection.run(
      `INSERT INTO audit (seq, at, identity, event, client_order_id, order_id, data, previous, hash, venue)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.seq, row.at, row.identity, row.event, row.clientOrderId, row.orderId, row.data, row.previous, row.hash],
      row.venue,
    );
    this.#connection.run("UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1", row.seq, row.hash);
    this.#hearing.listener?.(row);
  }

  /** Has `listener` hear of each row that is appended here; the change that it is part of may still be undone. */
  onAppend(listener: (row: AuditRow) => void): void {
    this.#hearing.listener = listener;
  }

  /** The number of the last row; 0 where there is none. */
  get lastSeq(): number {
    return this.#head().seq;
  }

  /** The first `limit` rows after one, of all processes, in their order. */
  after(seq: number, limit: number): AuditRow[] {
    return this.#connection.rows("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit).map(readRow);
  }

  /**
   * Adds a row by itself.
   *
   * @throws {StoreError} it was not written: what it speaks of must not happen
   */
  record(event: AuditEvent, now: number): void {
    this.#connection.transaction(() => this.append(event, now));
  }

  /**
   * Adds the row of a caller's preview, unless the caller had {@linkcode PREVIEWS_PER_MINUTE} of them within the last
   * minute: then answers how long to wait, in milliseconds.
   *
   * @throws {StoreError}
   */
  recordPreview(event: Omit<AuditEvent, "event">, now: number): number {
    return this.#connection.transaction(() => {
      const waitMs = this.previewWaitMs(event.identity, now);
      if (waitMs === 0) this.append({ ...event, event: "preview" }, now);
      return waitMs;
    });
  }

  /** How long a caller has to wait for its next preview, in milliseconds; 0 when it need not. */
  previewWaitMs(identity: string, now: number): number {
    // Rows from the future, after a clock was set back, count as of now.
    const row = this.#connection.row(
      `SELECT at FROM audit WHERE event = 'preview' AND identity = ? AND at > ? ORDER BY at DESC LIMIT 1 OFFSET ?`,
      ...[recordedIdentity(identity), now - MINUTE_MS, PREVIEWS_PER_MINUTE - 1],
    );
    return row === undefined ? 0 : Math.min(readNumber(row, "at") + MINUTE_MS - now, MINUTE_MS);
  }

  /** Checks every row, one after the other. */
  verify({ expectedHead, archived = [], visit = () => {} }: VerifyOptions = {}): Verification {
    return this.#connection.snapshot(() => {
      const start = this.start();
      let last = { seq: 0, hash: CHAIN_START };
      let isHeadSeen = expectedHead === undefined || expectedHead === CHAIN_START;
      for (const row of this.#chain(archived)) {
        const reason = last.seq < start.seq && row.seq > start.seq ? unarchived(start.seq) : checkRow(row, last);
        if (reason !== undefined) return { ok: false, row: last.seq + 1, reason };
        visit(row);
        isHeadSeen ||= row.hash === expectedHead;
        last = row;
      }
      const reason = last.seq < start.seq ? unarchived(start.seq) : this.#checkEnd(last);
      if (reason !== undefined) return { ok: false, row: last.seq + 1, reason };
      if (!isHeadSeen) {
        const reason = "no row has the expected hash: rows were removed, or the audit log was recreated";
        return { ok: false, row: last.seq, reason };
      }
      return { ok: true, rows: last.seq, head: last.hash, ...(start.seq === 0 ? {} : { archived: start.seq }) };
    });
  }

  /** The last row that was archived, and from which UTC day on all that counts is kept. */
  start(): { readonly seq: number; readonly hash: string; readonly keptFrom: number } {
    const row = this.#connection.row("SELECT seq, hash, kept_from FROM audit_start WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return { seq: readNumber(row, "seq"), hash: readText(row, "hash"), keptFrom: readNumber(row, "kept_from") };
  }

  /** The first `limit` rows that are not archived, in their order. */
  oldest(limit: number): AuditRow[] {
    return this.#connection.rows("SELECT * FROM audit ORDER BY seq LIMIT ?", limit).map(readRow);
  }

  /** Takes rows out of the record, up to this one, as part of a change; they are on the disk elsewhere. */
  dropThrough({ seq, hash }: Pick<AuditRow, "seq" | "hash">): void {
    if (!this.#connection.isInTransaction) throw new TypeError(`Cannot drop row ${seq} as no transaction is running`);
    this.#connection.run("UPDATE audit_start SET seq = ?, hash = ?", seq, hash);
    this.#connection.run("DELETE FROM audit WHERE seq <= ?", seq);
  }

  *#chain(archived: Iterable<AuditRow>): Generator<AuditRow> {
    yield* archived;
    for (const row of this.#connection.each("SELECT * FROM audit ORDER BY seq")) yield readRow(row);
  }

  #checkEnd(last: { seq: number; hash: string }): string | undefined {
    const row = this.#connection.row("SELECT seq, hash FROM audit_head WHERE id = 1");
    if (row === undefined) return "where the audit log ends is not told any more: the row that says so was removed";
    if (row["seq"] === last.seq && row["hash"] === last.hash) return undefined;
    return `the audit log should end at row ${row["seq"]} with another hash: rows at its end were removed or added`;
  }

  /**
   * The rows of one order, from its preview to its fills, or an identity's rows; the newest `limit`, oldest first. An
   * order is found by either of its ids, in all rows that carry the one or the other; of several exchanges that gave the
   * same order id, it is the last one's.
   */
  trail({ orderId, clientOrderId, identity, limit = 1_000 }: TrailQuery): AuditRow[] {
    const isOrder = orderId !== undefined || clientOrderId !== undefined;
    const venue = "(SELECT venue FROM audit WHERE client_order_id = ?1 OR order_id = ?2 ORDER BY seq DESC LIMIT 1)";
    const ofOrder = `(venue IS ${venue} AND (client_order_id = ?1 OR order_id = ?2
      OR client_order_id IN (SELECT client_order_id FROM audit WHERE order_id = ?2 AND venue IS ${venue})
      OR order_id IN (SELECT order_id FROM audit WHERE client_order_id = ?1)))`;
    const conditions = [
      ...(isOrder ? [ofOrder] : []),
      ...(identity === undefined ? [] : [`identity = ?${isOrder ? 3 : 1}`]),
    ];
    const values = [
      ...(isOrder ? [clientOrderId ?? null, orderId ?? null] : []),
      ...(identity === undefined ? [] : [recordedIdentity(identity)]),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const rows = this.#connection.rows(
      `SELECT * FROM audit ${where} ORDER BY seq DESC LIMIT ?${values.length + 1}`,
      ...values,
      Math.min(limit, MAX_TRAIL),
    );
    return rows.map(readRow).reverse();
  }

  #head(): { seq: number; hash: string } {
    const row = this.#connection.row("SELECT seq, hash FROM audit_head WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return { seq: readNumber(row, "seq"), hash: readText(row, "hash") };
  }
}

function unarchived(through: number): string {
  return `rows 1 to ${through} are archived and no archive file holds this one: put the files back beside the database`;
}

function readRow(row: Row): AuditRow {
  const id = (column: string) => row[column] === null ? null : readText(row, column);
  return {
    seq: readNumber(row, "seq"),
    at: readNumber(row, "at"),
    identity: readText(row, "identity"),
    event: readText(row, "event"),
    clientOrderId: id("client_order_id"),
    orderId: id("order_id"),
    data: readText(row, "data"),
    previous: readText(row, "previous"),
    hash: readText(row, "hash"),
    venue: id("venue"),
  };
}

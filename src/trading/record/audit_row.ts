/** One row of the audit, and the hash that links it to the previous row. */

import { createHash } from "node:crypto";
import { REDACTED } from "../../secrets/redaction.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { cleanText } from "../../text/clean_text.ts";

/** The kind of event. */
export type AuditEventName =
  | "preview"
  | "decision"
  | "confirmation_asked"
  | "confirmation"
  | "intent"
  | "sent"
  | "lookup"
  | "outcome"
  | "fill"
  | "closed"
  | "cancel"
  | "replace"
  | "halt"
  | "halt_file"
  | "cancel_open"
  | "lift"
  | "recovery"
  | "policy"
  | "access"
  | "archive";

/** The hash before the first row of the chain. */
export const CHAIN_START = "0".repeat(64);

/** What happened. */
export interface AuditEvent {
  readonly event: AuditEventName;
  /** The owner of the order, or who acted when there is no order. */
  readonly identity: string;
  readonly clientOrderId?: string | null;
  readonly orderId?: string | null;
  /**
   * The id of the account concerned.
   *
   * @default none
   */
  readonly account?: string | undefined;
  /**
   * The venue concerned.
   *
   * @default "", a lasting exchange
   */
  readonly venue?: string | undefined;
  /** At most 8 KiB as JSON, longer data is truncated; fields with names of secrets are removed. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** One row. */
export interface AuditRow {
  /** 1, 2, 3, … */
  readonly seq: number;
  /** Wall milliseconds. */
  readonly at: number;
  readonly identity: string;
  readonly event: string;
  readonly clientOrderId: string | null;
  readonly orderId: string | null;
  /** JSON. */
  readonly data: string;
  readonly previous: string;
  readonly hash: string;
  /** The simulated exchange or paper account concerned; `null` for a lasting exchange. */
  readonly venue: string | null;
  /** The account concerned; `null` for none, and in rows of versions without accounts. */
  readonly account: string | null;
}

/** The longest JSON of a row, in bytes. */
const MAX_DATA_BYTES = 8_192;

/** How much of longer data is kept, in characters. */
const KEPT_CHARACTERS = 2_000;

const SECRET_FIELD = /secret|token|password|authorization|cookie|api_?key/i;

/**
 * An identity in the form of rows: printable and short. If that changes it, a digest keeps it distinct from all others,
 * as callers may see the rows of their own identity.
 */
export function recordedIdentity(identity: string): string {
  const clean = cleanText(identity);
  if (clean === identity) return identity;
  return `${clean.slice(0, 200)}#${createHash("sha256").update(identity).digest("hex").slice(0, 16)}`;
}

/**
 * The row with its hash: SHA-256 of a JSON array of all other fields, in the order of the columns; without an account
 * if it has none, and without a venue if it has neither, like rows of earlier versions.
 */
function chained(row: Omit<AuditRow, "hash">): AuditRow {
  const { seq, at, identity, event, clientOrderId, orderId, data, previous, venue, account } = row;
  const named = [seq, at, identity, event, clientOrderId, orderId, data, previous];
  const where = account === null ? (venue === null ? [] : [venue]) : [venue, account];
  const text = JSON.stringify([...named, ...where]);
  return { ...row, hash: createHash("sha256").update(text).digest("hex") };
}

/** The problem of a row that should follow another, if there is one. */
export function checkRow(row: AuditRow, last: { seq: number; hash: string }): string | undefined {
  if (row.seq !== last.seq + 1) return `it is missing: the next one is ${row.seq}`;
  if (row.previous !== last.hash) return "it does not follow the row before it: one of the two was changed";
  if (chained(row).hash !== row.hash) return "its content was changed: the hash is another";
  return undefined;
}

/** The row of an event after the last row, with secrets removed by `redact`; callers may have typed some. */
export function rowAfter(
  last: Pick<AuditRow, "seq" | "hash">,
  event: AuditEvent,
  { now, redact }: { readonly now: number; readonly redact: Redact },
): AuditRow {
  return chained({
    seq: last.seq + 1,
    at: now,
    identity: recordedIdentity(event.identity),
    event: event.event,
    clientOrderId: cleanId(event.clientOrderId),
    orderId: cleanId(event.orderId),
    data: writeData(event.data ?? {}, redact),
    previous: last.hash,
    venue: event.venue === undefined || event.venue === "" ? null : event.venue,
    account: event.account ?? null,
  });
}

/** An id in the form of rows: printable and short. */
function cleanId(id: string | null | undefined): string | null {
  return id === null || id === undefined ? null : cleanText(id);
}

/** The data of a row as JSON: without secrets, truncated if long. */
function writeData(data: Readonly<Record<string, unknown>>, redact: Redact): string {
  const text = redact(JSON.stringify(data, (field, value) => SECRET_FIELD.test(field) ? REDACTED : value));
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= MAX_DATA_BYTES) return text;
  const digest = createHash("sha256").update(text).digest("hex");
  return JSON.stringify({ cut: { bytes, sha256: digest, start: text.slice(0, KEPT_CHARACTERS) } });
}

/** One row of the audit: what it says, and the hash by which it follows the row before it. */

import { createHash } from "node:crypto";
import { REDACTED } from "../../secrets/redaction.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { cleanText } from "../../text/clean_text.ts";

/** What a row speaks of. */
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

/** What comes before the first row of the chain. */
export const CHAIN_START = "0".repeat(64);

/** What happened. */
export interface AuditEvent {
  readonly event: AuditEventName;
  /** Whose order it is, or who acted where there is no order. */
  readonly identity: string;
  readonly clientOrderId?: string | null;
  readonly orderId?: string | null;
  /** The id of the account that it speaks of. @default it speaks of none */
  readonly account?: string | undefined;
  /** Which venue it speaks of. @default "", an exchange that never restarts */
  readonly venue?: string | undefined;
  /** As JSON at most 8 KiB, more is cut; fields that are named like secrets are struck out. */
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
  /** Which simulated exchange or paper account it speaks of; `null` for one that never restarts. */
  readonly venue: string | null;
  /** The account that it speaks of; `null` for none, and in rows of versions that told no accounts apart. */
  readonly account: string | null;
}

/** The longest JSON of a row, in bytes. */
const MAX_DATA_BYTES = 8_192;

/** How much of longer data is kept, in characters. */
const KEPT_CHARACTERS = 2_000;

const SECRET_FIELD = /secret|token|password|authorization|cookie|api_?key/i;

/**
 * An identity as rows hold it: printable and short. Where that changes it, a digest keeps it apart from all others, as
 * callers may see the rows of their own identity.
 */
export function recordedIdentity(identity: string): string {
  const clean = cleanText(identity);
  if (clean === identity) return identity;
  return `${clean.slice(0, 200)}#${createHash("sha256").update(identity).digest("hex").slice(0, 16)}`;
}

/**
 * The row with its hash: SHA-256 over a JSON array of everything else in it, in the order of the columns; without an
 * account where there is none, and without a venue where there is neither, as rows of earlier versions have none.
 */
export function chained(row: Omit<AuditRow, "hash">): AuditRow {
  const { seq, at, identity, event, clientOrderId, orderId, data, previous, venue, account } = row;
  const named = [seq, at, identity, event, clientOrderId, orderId, data, previous];
  const where = account === null ? (venue === null ? [] : [venue]) : [venue, account];
  const text = JSON.stringify([...named, ...where]);
  return { ...row, hash: createHash("sha256").update(text).digest("hex") };
}

/** What is wrong with a row that should follow another, if anything is. */
export function checkRow(row: AuditRow, last: { seq: number; hash: string }): string | undefined {
  if (row.seq !== last.seq + 1) return `it is missing: the next one is ${row.seq}`;
  if (row.previous !== last.hash) return "it does not follow the row before it: one of the two was changed";
  if (chained(row).hash !== row.hash) return "its content was changed: the hash is another";
  return undefined;
}

/** The row of an event behind the one that was the last, without what `redact` hides; callers may have typed it. */
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

/** An id as rows hold it: printable and short. */
function cleanId(id: string | null | undefined): string | null {
  return id === null || id === undefined ? null : cleanText(id);
}

/** What a row says, as JSON: without secrets, and cut where it is long. */
function writeData(data: Readonly<Record<string, unknown>>, redact: Redact): string {
  const text = redact(JSON.stringify(data, (field, value) => SECRET_FIELD.test(field) ? REDACTED : value));
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= MAX_DATA_BYTES) return text;
  const digest = createHash("sha256").update(text).digest("hex");
  return JSON.stringify({ cut: { bytes, sha256: digest, start: text.slice(0, KEPT_CHARACTERS) } });
}

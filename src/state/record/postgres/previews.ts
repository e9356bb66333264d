/** Orders that callers were shown, on PostgreSQL. */

import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import {
  MAX_FORGOTTEN,
  MAX_PREVIEWS,
  MAX_PREVIEWS_PER_IDENTITY,
  newPreview,
  PREVIEW_KEPT_MS,
  PREVIEWS_PER_MINUTE,
  previewsCounted,
  previewWait,
} from "../../../trading/record/previews.ts";
import type { NewPreview, Preview, Previews } from "../../../trading/record/previews.ts";
import { whyNotPlaceable } from "../../../trading/orders/preview.ts";
import type { PreviewProblem } from "../../../trading/orders/preview.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readPreview, readPreviewState } from "../rows/preview_row.ts";
import type { Session, Value } from "./database.ts";
import type { RecordConnection } from "./record_connection.ts";

/** See {@linkcode Previews}. */
export class PostgresPreviews implements Previews {
  readonly #connection: RecordConnection;
  readonly #redact: Redact;

  /** `redact` removes secrets from what people are shown. */
  constructor(connection: RecordConnection, { redact }: { readonly redact: Redact }) {
    this.#connection = connection;
    this.#redact = redact;
  }

  add({ row, shown }: NewPreview, now: number): Promise<number> {
    return this.#connection.change(async (change) => {
      const waitMs = waitAfter(await change.query(OLDEST_COUNTED, countedValues(row.identity, now)), now);
      if (waitMs > 0) return waitMs;
      if (shown !== undefined) await insert(change, newPreview(shown, now), { redact: this.#redact, now });
      change.append([{ ...row, event: "preview" }], now);
      return 0;
    });
  }

  async waitMs(identity: string, now: number): Promise<number> {
    return waitAfter(await this.#connection.rows(OLDEST_COUNTED, ...countedValues(identity, now)), now);
  }

  async find(previewId: string, identity: string): Promise<Preview | undefined> {
    const row = await this.#connection.row(
      "SELECT * FROM previews WHERE preview_id = $1 AND identity = $2",
      ...[previewId, recordedIdentity(identity)],
    );
    return row && readPreview(row);
  }
}

const OLDEST_COUNTED =
  `SELECT at FROM audit WHERE event = 'preview' AND identity = $1 AND at > $2 AND at < $3 ORDER BY at DESC
  LIMIT 1 OFFSET ${PREVIEWS_PER_MINUTE - 1}`;

function countedValues(identity: string, now: number): Value[] {
  const { after, before } = previewsCounted(now);
  return [recordedIdentity(identity), after, before];
}

function waitAfter([row]: readonly Row[], now: number): number {
  return previewWait(row && readNumber(row, "at"), now);
}

/** Uses up a preview of an identity, as part of a change; returns why that is not possible. */
export async function usePreview(
  { query }: Session,
  { previewId, identity }: { readonly previewId: string; readonly identity: string },
  now: number,
): Promise<PreviewProblem | undefined> {
  const [row] = await query(
    "SELECT created_at, expires_at, used_at FROM previews WHERE preview_id = $1 AND identity = $2",
    [previewId, recordedIdentity(identity)],
  );
  const problem = whyNotPlaceable(row && readPreviewState(row), now);
  if (problem === undefined) await query("UPDATE previews SET used_at = $1 WHERE preview_id = $2", [now, previewId]);
  return problem;
}

/** Also deletes a bounded number of expired rows, and those beyond the limits. */
const INSERT = `WITH over AS (
    DELETE FROM previews WHERE number IN
      (SELECT number FROM previews WHERE expires_at < $11 ORDER BY expires_at LIMIT ${MAX_FORGOTTEN})
  ), own AS (
    DELETE FROM previews WHERE number IN (SELECT number FROM previews WHERE identity = $2 ORDER BY number DESC
      LIMIT ${MAX_FORGOTTEN} OFFSET ${MAX_PREVIEWS_PER_IDENTITY - 1})
  ), oldest AS (
    DELETE FROM previews WHERE number IN (SELECT number FROM previews
      WHERE number <= (SELECT max(number) FROM previews) - ${MAX_PREVIEWS - 1} ORDER BY number LIMIT ${MAX_FORGOTTEN})
  )
  INSERT INTO previews (preview_id, identity, account, asked, digest, facts_json, summary_json, policy_digest, created_at,
    expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

async function insert(
  { query }: Session,
  preview: Preview,
  { redact, now }: { readonly redact: Redact; readonly now: number },
): Promise<void> {
  const { previewId, identity, account, asked, digest, facts, summary, policyDigest, createdAt, expiresAt } = preview;
  await query(INSERT, [
    ...[previewId, identity, account, asked, digest, JSON.stringify(facts)],
    summary === null ? null : redact(JSON.stringify(summary)),
    ...[policyDigest, createdAt, expiresAt, now - PREVIEW_KEPT_MS],
  ]);
}

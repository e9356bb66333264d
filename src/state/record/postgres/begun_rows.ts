/** Writes an order that begins, in one statement. */

import { daySumOf } from "../../../trading/record/limit_use.ts";
import type { NewPlacement, Placement } from "../../../trading/record/recorded_placement.ts";
import type { Session } from "./database.ts";

/** The rows to write. */
export interface BegunRows {
  readonly placement: Placement;
  /** The order's parameters: the claim of the order that it replaces, and whether it uses up a preview. */
  readonly entry: Pick<NewPlacement, "replaces" | "takesPreview">;
  /** The sum of its day before it. */
  readonly daySum: string | undefined;
}

/** The parts before the placement itself do nothing when their values are absent. */
const WRITE = `WITH counted AS (
    INSERT INTO day_use (identity, account, venue, currency, day, amount)
    SELECT $2, $3, $17, $9, $19, $20 WHERE $20::text IS NOT NULL
    ON CONFLICT (identity, account, venue, currency, day) DO UPDATE SET amount = excluded.amount
  ), replaced AS (
    UPDATE replacements SET placed_as = $1 WHERE account = $3 AND venue = $17 AND order_id = $21 AND attempt = $22
  ), taken AS (
    UPDATE previews SET used_at = $11 WHERE preview_id = $23
  )
  INSERT INTO placements (client_order_id, identity, account, preview_id, idempotency_key, order_json, digest,
    policy_digest, notional_currency, notional_amount, created_at, sent_at, valid_until, instance, worst_price, state,
    venue, asked, is_alive)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)`;

/** Writes the placement, its share of the daily sum, and its use of a claim or a preview. */
export async function writeBegun({ query }: Session, { placement, entry, daySum }: BegunRows): Promise<void> {
  const { clientOrderId, identity, account, previewId, idempotencyKey, order, digest, policyDigest } = placement;
  const { state, notional, createdAt, sentAt, validUntil, instance, worstPrice, venue, asked } = placement;
  const { replaces, takesPreview = false } = entry;
  const sum = daySumOf(placement, 1);
  await query(WRITE, [
    ...[clientOrderId, identity, account, previewId, idempotencyKey, JSON.stringify(order), digest],
    ...[policyDigest, notional?.currency ?? null, notional?.amount ?? null, createdAt, sentAt, validUntil],
    ...[instance, worstPrice, state, venue, asked],
    ...[sum?.key.day ?? null, sum?.after(daySum) ?? null, replaces?.orderId ?? null, replaces?.attempt ?? null],
    takesPreview ? previewId : null,
  ]);
}

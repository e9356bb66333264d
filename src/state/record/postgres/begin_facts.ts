/** Reads the record's facts for an order that is about to begin, in one statement. */

import { isPaper } from "../../../trading/orders/trading_account.ts";
import type { BeginFacts, OwnOrderInRecord } from "../../../trading/policy/begin_checks.ts";
import { startOfUtcDay } from "../../../trading/policy/limits.ts";
import type { CountingLimits } from "../../../trading/policy/limits.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import { haltStateOf } from "../../../trading/record/halts.ts";
import type { HaltState } from "../../../trading/record/halts.ts";
import { useQueryOf } from "../../../trading/record/limit_use.ts";
import type { NewPlacement, Placement } from "../../../trading/record/recorded_placement.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readPreviewState } from "../rows/preview_row.ts";
import { readPlacement } from "../rows/placement_row.ts";
import type { Session } from "./database.ts";
import { readHalt } from "./halts.ts";

/** The order, and what it is checked against. */
export interface BeginQuery {
  readonly entry: Omit<NewPlacement, "validUntil">;
  readonly limits: CountingLimits;
  /** Wall milliseconds. */
  readonly now: number;
  /** The client order id of an order that will be gone. */
  readonly without?: string | undefined;
  /** The state of this machine's halt file, and the name of its folder. */
  readonly file: HaltState;
  readonly place: string;
}

/** The facts, and the placement with the same idempotency key. */
export interface FactsAtBegin {
  readonly facts: BeginFacts;
  readonly earlier: Placement | undefined;
  /** The sum of the day that the order counts in, before it. */
  readonly daySum: string | undefined;
  /** Whether the audit says that the state folder contains a halt file. */
  readonly isFileNoted: boolean;
}

const OF_ONE = "identity = $1 AND account = $2 AND venue = $3";

const FACTS = `SELECT
  (SELECT row_to_json(p)::text FROM placements p WHERE ${OF_ONE} AND idempotency_key = $4) AS earlier,
  (SELECT row_to_json(k)::text FROM kill_switch k WHERE id = 1) AS halt,
  EXISTS (SELECT 1 FROM instances WHERE id = $5 AND lease_until > clock_timestamp())::int AS is_listed,
  EXISTS (SELECT 1 FROM replacements WHERE account = $24 AND venue = $6 AND order_id = $7 AND attempt = $8)::int AS is_held,
  (SELECT row_to_json(p)::text FROM placements p WHERE preview_id = $9) AS used,
  (SELECT json_build_object('created_at', created_at, 'expires_at', expires_at, 'used_at', used_at)::text FROM previews
     WHERE preview_id = $9 AND identity = $23) AS shown,
  (SELECT coalesce(json_agg(amount), '[]')::text FROM day_use WHERE ${OF_ONE} AND currency = $10 AND day >= $11) AS sums,
  CASE WHEN $12 THEN (SELECT count(*) FROM placements WHERE ${OF_ONE} AND is_alive = 1) ELSE 0 END AS open,
  (SELECT created_at FROM placements WHERE ${OF_ONE} AND created_at > $13
     ORDER BY created_at DESC LIMIT 1 OFFSET $14) AS minute_full_since,
  (SELECT coalesce(json_agg(at ORDER BY at), '[]')::text FROM (SELECT settled_at AS at FROM placements
     WHERE ${OF_ONE} AND settled_at > $15 AND state = 'not_placed' AND sent_at IS NOT NULL
     ORDER BY settled_at DESC LIMIT $16) AS newest) AS refusals,
  (SELECT coalesce(json_agg(row_to_json(p) ORDER BY created_at, number), '[]')::text FROM placements p
     WHERE is_alive = 1 AND account = $2 AND identity = coalesce($25, identity) AND venue = $3
       AND order_json::json ->> 'pair' = $17 AND order_json::json ->> 'side' <> $18 AND client_order_id <> $19
  ) AS opposite,
  (SELECT amount FROM day_use WHERE ${OF_ONE} AND currency = $20 AND day = $21) AS day_sum,
  EXISTS (SELECT 1 FROM halt_files WHERE place = $22)::int AS is_file_noted,
  (SELECT max(version) FROM published_files WHERE kind = 'policy') AS policy_version`;

/**
 * Reads the present facts.
 *
 * @throws {StoreError} when a required row is missing
 */
export async function readBeginFacts({ query }: Session, asked: BeginQuery): Promise<FactsAtBegin> {
  const { entry, limits, now, without, file, place } = asked;
  const { identity, account, venue, idempotencyKey, instance, replaces, previewId, order, notional } = entry;
  const { day, open, begun, refusals } = useQueryOf(limits, now);
  const [row] = await query(FACTS, [
    ...[identity, account, venue, idempotencyKey, instance],
    ...[replaces?.venue ?? null, replaces?.orderId ?? null, replaces?.attempt ?? null, previewId],
    ...[day?.currency ?? null, day?.from ?? null, open],
    ...[begun?.after ?? null, begun?.newer ?? 0, refusals?.after ?? null, refusals?.newest ?? 0],
    ...[order.pair, order.side, without ?? ""],
    ...[notional?.currency ?? null, startOfUtcDay(now), place],
    entry.takesPreview ? recordedIdentity(identity) : null,
    // On paper each identity has its own orders.
    ...[replaces?.account ?? null, isPaper(account) ? identity : null],
  ]);
  if (row === undefined || row["halt"] === null) throw new StoreError("damaged");
  return {
    facts: {
      halt: haltStateOf(readHalt(JSON.parse(readText(row, "halt"))), file),
      policyVersion: readOptionalNumber(row, "policy_version"),
      isInstanceListed: readNumber(row, "is_listed") === 1,
      isClaimHeld: replaces !== undefined && readNumber(row, "is_held") === 1,
      usedPreview: placementIn(row, "used"),
      shownPreview: row["shown"] === null ? undefined : readPreviewState(JSON.parse(readText(row, "shown"))),
      use: {
        spentToday: JSON.parse(readText(row, "sums")),
        openOrders: readNumber(row, "open"),
        minuteFullSince: readOptionalNumber(row, "minute_full_since"),
        refusals: JSON.parse(readText(row, "refusals")),
      },
      opposite: (JSON.parse(readText(row, "opposite")) as Row[]).map(oppositeOf),
    },
    earlier: placementIn(row, "earlier"),
    daySum: readTextOrNull(row, "day_sum") ?? undefined,
    isFileNoted: readNumber(row, "is_file_noted") === 1,
  };
}

function placementIn(row: Row, column: string): Placement | undefined {
  return row[column] === null ? undefined : readPlacement(JSON.parse(readText(row, column)));
}

function oppositeOf(row: Row): OwnOrderInRecord {
  const { order, worstPrice, clientOrderId, orderId, state } = readPlacement(row);
  return { order, worstPrice, clientOrderId, orderId, isPlaced: state === "placed" };
}

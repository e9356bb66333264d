/** Reads placements on PostgreSQL. */

import type { OrderVenue } from "../../../trading/orders/trading_account.ts";
import { PLACEMENTS_A_PAGE } from "../../../trading/record/placement_pages.ts";
import type { Placement, PlacementScope } from "../../../trading/record/recorded_placement.ts";
import { readPlacement } from "../rows/placement_row.ts";
import type { Session, Value } from "./database.ts";
import type { RecordConnection } from "./record_connection.ts";

/** States of placements whose outcome is to be determined. */
export const UNSETTLED = "is_alive = 1 AND state IN ('intent', 'sent', 'unknown')";

/** The reading part of the journal. */
export class JournalReads {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  find(clientOrderId: string): Promise<Placement | undefined> {
    return this.#one("client_order_id = $1", clientOrderId);
  }

  findByOrderId(orderId: string, where?: OrderVenue): Promise<Placement | undefined> {
    return this.#one(BY_ORDER, orderId, where?.account ?? null, where?.venue ?? null);
  }

  findByKey(identity: string, idempotencyKey: string, { account, venue }: OrderVenue): Promise<Placement | undefined> {
    return this.#one(BY_KEY, identity, idempotencyKey, account, venue);
  }

  findByPreview(previewId: string): Promise<Placement | undefined> {
    return this.#one("preview_id = $1", previewId);
  }

  unsettled(scope?: PlacementScope, after?: string): Promise<Placement[]> {
    return this.#alive("state IN ('intent', 'sent', 'unknown')", scope, after);
  }

  onTheirWay(after?: string): Promise<Placement[]> {
    return this.#alive("state IN ('sent', 'unknown')", {}, after);
  }

  open(scope?: PlacementScope, after?: string): Promise<Placement[]> {
    return this.#alive("state = 'placed'", scope, after);
  }

  /** One page. */
  async #alive(
    condition: string,
    scope: PlacementScope | undefined,
    after: string | undefined,
  ): Promise<Placement[]> {
    const rows = await this.#connection.rows(
      `SELECT * FROM placements WHERE is_alive = 1 AND ${condition} AND account = coalesce($1, account)
         AND venue = coalesce($2, venue) AND identity = coalesce($3, identity) AND ($4::text IS NULL OR
         (created_at, number) > (SELECT created_at, number FROM placements WHERE client_order_id = $4))
         ORDER BY created_at, number LIMIT ${PLACEMENTS_A_PAGE}`,
      ...[scope?.account ?? null, scope?.venue ?? null, scope?.identity ?? null, after ?? null],
    );
    return rows.map(readPlacement);
  }

  async #one(condition: string, ...values: readonly Value[]): Promise<Placement | undefined> {
    const row = await this.#connection.row(`SELECT * FROM placements WHERE ${condition} LIMIT 1`, ...values);
    return row && readPlacement(row);
  }
}

const BY_ORDER = `order_id = $1 AND account = coalesce($2, account) AND venue = coalesce($3, venue)
  ORDER BY created_at DESC, number DESC`;

/** The placement of an identity's key: `identity`, `idempotency_key`, `account`, `venue`. */
export const BY_KEY = "identity = $1 AND idempotency_key = $2 AND account = $3 AND venue = $4";

/** Placements within a change, oldest first. */
export async function placementsWhere(
  { query }: Session,
  condition: string,
  values: readonly Value[] = [],
): Promise<Placement[]> {
  const rows = await query(`SELECT * FROM placements WHERE ${condition} ORDER BY created_at, number`, values);
  return rows.map(readPlacement);
}

/** The latest placement of an order of one venue, within a change. */
export async function placementOfOrder(
  { query }: Session,
  orderId: string,
  { account, venue }: OrderVenue,
): Promise<Placement | undefined> {
  const [row] = await query(`SELECT * FROM placements WHERE ${BY_ORDER} LIMIT 1`, [orderId, account, venue]);
  return row && readPlacement(row);
}

/** Orders that were sent and whose outcome is unknown, within a change; oldest first. */
export function onTheirWay(session: Session): Promise<Placement[]> {
  return placementsWhere(session, "is_alive = 1 AND state IN ('sent', 'unknown')");
}

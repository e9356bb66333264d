/** Reads placements. */

import { isPaper } from "../../../trading/orders/trading_account.ts";
import type { OrderVenue } from "../../../trading/orders/trading_account.ts";
import type { OwnOrderInRecord } from "../../../trading/policy/begin_checks.ts";
import { PLACEMENTS_A_PAGE } from "../../../trading/record/placement_pages.ts";
import type { NewPlacement, Placement, PlacementScope } from "../../../trading/record/recorded_placement.ts";
import type { RecordConnection } from "./connection.ts";
import { readPlacement } from "../rows/placement_row.ts";

type Value = string | number | null;

/** The reading part of the journal. */
export class JournalReads {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  find(clientOrderId: string): Placement | undefined {
    return this.#one("client_order_id = ?", clientOrderId);
  }

  findByOrderId(orderId: string, where?: OrderVenue): Placement | undefined {
    const at = "account = coalesce(?, account) AND venue = coalesce(?, venue)";
    const values = [orderId, where?.account ?? null, where?.venue ?? null];
    return this.#one(`order_id = ? AND ${at} ORDER BY created_at DESC, rowid DESC`, ...values);
  }

  findByKey(identity: string, idempotencyKey: string, { account, venue }: OrderVenue): Placement | undefined {
    const condition = "identity = ? AND idempotency_key = ? AND account = ? AND venue = ?";
    return this.#one(condition, identity, idempotencyKey, account, venue);
  }

  findByPreview(previewId: string): Placement | undefined {
    return this.#one("preview_id = ?", previewId);
  }

  unsettled(scope?: PlacementScope, after?: string): Placement[] {
    return this.#alive("state IN ('intent', 'sent', 'unknown')", scope, after);
  }

  onTheirWay(after?: string): Placement[] {
    return this.#alive("state IN ('sent', 'unknown')", {}, after);
  }

  /** All orders on their way, within a change. */
  allOnTheirWay(): Placement[] {
    return this.#all("is_alive = 1 AND state IN ('sent', 'unknown')");
  }

  open(scope?: PlacementScope, after?: string): Placement[] {
    return this.#alive("state = 'placed'", scope, after);
  }

  /** Live placements on the account's other venues. */
  protected othersAlive({ account, venue }: OrderVenue): Placement[] {
    return this.#all("is_alive = 1 AND account = ? AND venue <> ?", account, venue);
  }

  /** Orders of the account on the other side of a pair, except the one that will be gone; oldest first. */
  protected opposite(
    { identity, account, venue, order }: Pick<NewPlacement, "identity" | "account" | "venue" | "order">,
    without: string | undefined,
  ): OwnOrderInRecord[] {
    // On paper each identity has its own orders.
    const whose = isPaper(account) ? identity : null;
    return this.#all(
      `is_alive = 1 AND account = ?1 AND identity = coalesce(?2, identity) AND venue = ?6
         AND json_extract(order_json, '$.pair') = ?3 AND json_extract(order_json, '$.side') <> ?4
         AND client_order_id <> ?5`,
      ...[account, whose, order.pair, order.side, without ?? "", venue],
    ).map(({ order, worstPrice, clientOrderId, orderId, state }) => {
      return { order, worstPrice, clientOrderId, orderId, isPlaced: state === "placed" };
    });
  }

  /** One page. */
  #alive(condition: string, scope: PlacementScope | undefined, after: string | undefined): Placement[] {
    return this.#connection.rows(
      `SELECT * FROM placements WHERE is_alive = 1 AND ${condition} AND account = coalesce(?1, account)
         AND venue = coalesce(?2, venue) AND identity = coalesce(?3, identity)
         AND (?4 IS NULL OR (created_at, rowid) > (SELECT created_at, rowid FROM placements WHERE client_order_id = ?4))
         ORDER BY created_at, rowid LIMIT ${PLACEMENTS_A_PAGE}`,
      ...[scope?.account ?? null, scope?.venue ?? null, scope?.identity ?? null, after ?? null],
    ).map(readPlacement);
  }

  #one(condition: string, ...values: readonly Value[]): Placement | undefined {
    const row = this.#connection.row(`SELECT * FROM placements WHERE ${condition} LIMIT 1`, ...values);
    return row === undefined ? undefined : readPlacement(row);
  }

  #all(condition: string, ...values: readonly Value[]): Placement[] {
    return this.#connection.rows(`SELECT * FROM placements WHERE ${condition} ORDER BY created_at, rowid`, ...values)
      .map(readPlacement);
  }
}

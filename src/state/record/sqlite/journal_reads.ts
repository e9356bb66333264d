/** What the journal knows of placements. */

import type { OwnOrderInRecord } from "../../../trading/policy/begin_checks.ts";
import type { NewPlacement, Placement, PlacementScope } from "../../../trading/record/recorded_placement.ts";
import type { RecordConnection } from "./connection.ts";
import { readPlacement } from "../rows/placement_row.ts";

type Value = string | number | null;

/** Reads; nothing is changed here. */
export class JournalReads {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  find(clientOrderId: string): Placement | undefined {
    return this.#one("client_order_id = ?", clientOrderId);
  }

  findByOrderId(orderId: string, venue?: string): Placement | undefined {
    return this.#one("order_id = ? AND venue = coalesce(?, venue) ORDER BY created_at DESC", orderId, venue ?? null);
  }

  findByKey(identity: string, idempotencyKey: string, venue: string): Placement | undefined {
    return this.#one("identity = ? AND idempotency_key = ? AND venue = ?", identity, idempotencyKey, venue);
  }

  findByPreview(previewId: string): Placement | undefined {
    return this.#one("preview_id = ?", previewId);
  }

  unsettled(scope: PlacementScope = {}): Placement[] {
    return this.#alive("state IN ('intent', 'sent', 'unknown')", scope);
  }

  onTheirWay(): Placement[] {
    return this.#alive("state IN ('sent', 'unknown')", {});
  }

  open(scope: PlacementScope = {}): Placement[] {
    return this.#alive("state = 'placed'", scope);
  }

  /** What is alive on other venues. */
  protected othersAlive(venue: string, paper: boolean): Placement[] {
    return this.#all("is_alive = 1 AND paper = ? AND venue <> ?", paper ? 1 : 0, venue);
  }

  /** Orders of the account on the other side of a pair, without the one that will be gone; oldest first. */
  protected opposite(
    { identity, paper, venue, order }: Pick<NewPlacement, "identity" | "paper" | "venue" | "order">,
    without: string | undefined,
  ): OwnOrderInRecord[] {
    // All real trading is on one account; on paper each identity has an account of its own.
    return this.#all(
      `is_alive = 1 AND paper = ?1 AND (paper = 0 OR identity = ?2) AND venue = ?6
         AND json_extract(order_json, '$.pair') = ?3 AND json_extract(order_json, '$.side') <> ?4
         AND client_order_id <> ?5`,
      ...[paper ? 1 : 0, identity, order.pair, order.side, without ?? "", venue],
    ).map(({ order, worstPrice, clientOrderId, orderId, state }) => {
      return { order, worstPrice, clientOrderId, orderId, isPlaced: state === "placed" };
    });
  }

  #alive(condition: string, { venue, identity, paper }: PlacementScope): Placement[] {
    const scope = [venue ?? null, identity ?? null, paper === undefined ? null : Number(paper)];
    return this.#all(
      `is_alive = 1 AND ${condition} AND venue = coalesce(?, venue) AND identity = coalesce(?, identity)
         AND paper = coalesce(?, paper)`,
      ...scope,
    );
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

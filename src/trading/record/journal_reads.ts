/** What the journal knows of placements, read from all venues or from one. */

import type { OwnOrderInRecord } from "../policy/begin_checks.ts";
import type { NewPlacement, Placement } from "./recorded_placement.ts";
import { readPlacement } from "./placement_rows.ts";
import type { StoreConnection } from "./store_connection.ts";

/** Reads; nothing is changed here. */
export class JournalReads {
  readonly #connection: StoreConnection;
  readonly #venue: string | null;

  /** `venue`: `null` for all of them, `""` for an exchange that never restarts. */
  constructor(connection: StoreConnection, venue: string | null) {
    this.#connection = connection;
    this.#venue = venue;
  }

  find(clientOrderId: string): Placement | undefined {
    return this.#one("client_order_id = ?", clientOrderId);
  }

  /** Of several venues that gave the same id the latest placement. */
  findByOrderId(orderId: string): Placement | undefined {
    return this.#one(`order_id = ? AND ${this.#here} ORDER BY created_at DESC`, orderId, this.#venue);
  }

  findByKey(identity: string, idempotencyKey: string): Placement | undefined {
    return this.#one(`identity = ? AND idempotency_key = ? AND ${this.#here}`, identity, idempotencyKey, this.#venue);
  }

  findByPreview(previewId: string): Placement | undefined {
    return this.#one("preview_id = ?", previewId);
  }

  /** Intents, sent ones and those of unknown fate, oldest first. */
  unsettled(): Placement[] {
    return this.#all(`is_alive = 1 AND state IN ('intent', 'sent', 'unknown') AND ${this.#here}`, this.#venue);
  }

  /** Orders that have left, and whose outcome is not known; oldest first. */
  onTheirWay(): Placement[] {
    return this.unsettled().filter(({ state }) => state !== "intent");
  }

  /** Placements that are placed and not known to be final, oldest first; by default of everybody, real and paper. */
  open(identity?: string, paper?: boolean): Placement[] {
    return this.#all(`is_alive = 1 AND state = 'placed' AND ${this.#here}`, this.#venue).filter((placement) =>
      (identity === undefined || placement.identity === identity) && (paper === undefined || placement.paper === paper)
    );
  }

  /** What is alive on other venues. */
  othersAlive(paper: boolean): Placement[] {
    return this.#all("is_alive = 1 AND paper = ? AND venue <> ?", paper ? 1 : 0, this.#venue ?? "");
  }

  /** Orders of the account on the other side of a pair, without the one that will be gone; oldest first. */
  opposite(
    { identity, paper, order }: Pick<NewPlacement, "identity" | "paper" | "order">,
    without: string | undefined,
  ): OwnOrderInRecord[] {
    return this.#connection.rows(
      // All real trading is on one account; on paper each identity has an account of its own.
      `SELECT * FROM placements WHERE is_alive = 1 AND paper = ?1 AND (paper = 0 OR identity = ?2) AND venue = ?6
         AND json_extract(order_json, '$.pair') = ?3 AND json_extract(order_json, '$.side') <> ?4
         AND client_order_id <> ?5 ORDER BY created_at`,
      ...[paper ? 1 : 0, identity, order.pair, order.side, without ?? "", this.#venue ?? ""],
    ).map(readPlacement).map((placement) => ({ ...placement, isPlaced: placement.state === "placed" }));
  }

  /** The condition of rows of this journal's venue; its value comes last. */
  get #here(): string {
    return "venue = coalesce(?, venue)";
  }

  #one(condition: string, ...values: (string | null)[]): Placement | undefined {
    const row = this.#connection.row(`SELECT * FROM placements WHERE ${condition} LIMIT 1`, ...values);
    return row === undefined ? undefined : readPlacement(row);
  }

  #all(condition: string, ...values: (string | number | null)[]): Placement[] {
    return this.#connection.rows(`SELECT * FROM placements WHERE ${condition} ORDER BY created_at, rowid`, ...values)
      .map(readPlacement);
  }
}

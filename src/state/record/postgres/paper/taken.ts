/**
 * The table of volume that paper orders took from the real book, within one transaction. It only touches rows of the
 * locked identity, so that changes of two identities never wait for each other.
 */

import type { MarketKey, TakenLevel } from "../../../../simulation/paper/ledger.ts";
import { MAX_REMEMBERED, REMEMBERED_MS } from "../../../../simulation/paper/taken_liquidity.ts";
import { toLevel } from "../../rows/paper_taken_row.ts";
import type { Session } from "../database.ts";

const KEY = "identity, pair, price_scale, volume_scale, side, price";

/** The taken volume of all identities. */
export class TakenLevels {
  readonly #query: Session["query"];

  constructor({ query }: Session) {
    this.#query = query;
  }

  /** The volume that an identity took in a market. */
  async of({ identity, market }: MarketKey): Promise<TakenLevel[]> {
    const rows = await this.#query(
      "SELECT * FROM paper_taken WHERE identity = $1 AND pair = $2 AND price_scale = $3 AND volume_scale = $4",
      [identity, market.id, market.priceScale, market.volumeScale],
    );
    return rows.map(toLevel);
  }

  /** Stores the next state of levels, and deletes expired ones. */
  async save({ identity, market }: MarketKey, levels: readonly TakenLevel[], nowMs: number): Promise<void> {
    if (levels.length === 0) return;
    const rows = levels.map(({ side, price, lots, untilMs }) => ({
      ...{ identity, pair: market.id, price_scale: market.priceScale, volume_scale: market.volumeScale },
      ...{ side, price, lots, until_ms: untilMs },
    }));
    await this.#query(
      `INSERT INTO paper_taken SELECT * FROM json_populate_recordset(NULL::paper_taken, $1)
       ON CONFLICT (${KEY}) DO UPDATE SET lots = excluded.lots, until_ms = excluded.until_ms`,
      [JSON.stringify(rows)],
    );
    await this.#query(
      `DELETE FROM paper_taken WHERE identity = $1 AND (lots = 0 OR until_ms <= $2 OR until_ms > $3
         OR (${KEY}) IN (SELECT ${KEY} FROM paper_taken WHERE identity = $1 ORDER BY until_ms DESC OFFSET $4))`,
      [identity, nowMs, nowMs + REMEMBERED_MS, MAX_REMEMBERED],
    );
  }

  /** Deletes what one identity took, or what all took. */
  async clear(identity?: string): Promise<void> {
    await this.#query("DELETE FROM paper_taken WHERE identity = coalesce($1, identity)", [identity ?? null]);
  }
}

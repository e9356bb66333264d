/** The table of volume that paper orders took from the real book. Callers open the transaction. */

import type { DatabaseSync } from "node:sqlite";
import type { MarketKey, TakenLevel } from "../../../../simulation/paper/ledger.ts";
import { MAX_REMEMBERED, REMEMBERED_MS } from "../../../../simulation/paper/taken_liquidity.ts";
import { readNumber } from "../../../row.ts";
import { toLevel } from "../../rows/paper_taken_row.ts";

const OF_MARKET = "identity = ? AND pair = ? AND price_scale = ? AND volume_scale = ?";

/** The taken volume of all identities. */
export class TakenLevels {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The volume that an identity took in a market. */
  of(key: MarketKey): TakenLevel[] {
    return this.#database.prepare(`SELECT * FROM taken WHERE ${OF_MARKET}`).all(...valuesOf(key)).map(toLevel);
  }

  /** Stores the next state of levels, and deletes expired ones. */
  save(key: MarketKey, levels: readonly TakenLevel[], nowMs: number): void {
    if (levels.length === 0) return;
    const drop = this.#database.prepare(`DELETE FROM taken WHERE ${OF_MARKET} AND side = ? AND price = ?`);
    const keep = this.#database.prepare(
      `INSERT INTO taken (identity, pair, price_scale, volume_scale, side, price, lots, until_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET lots = excluded.lots, until_ms = excluded.until_ms`,
    );
    for (const { side, price, lots, untilMs } of levels) {
      if (lots === 0) drop.run(...valuesOf(key), side, price);
      else keep.run(...valuesOf(key), side, price, lots, untilMs);
    }
    this.#forget(nowMs);
  }

  /** Deletes what one identity took, or what all took. */
  clear(identity?: string): void {
    this.#database.prepare("DELETE FROM taken WHERE identity = coalesce(?, identity)").run(identity ?? null);
  }

  #forget(nowMs: number): void {
    // Two statements, as SQLite would scan the table for a single one with alternatives.
    this.#database.prepare("DELETE FROM taken WHERE until_ms <= ?").run(nowMs);
    this.#database.prepare("DELETE FROM taken WHERE until_ms > ?").run(nowMs + REMEMBERED_MS);
    const excess = readNumber(this.#database.prepare("SELECT levels FROM taken_size").get(), "levels") - MAX_REMEMBERED;
    if (excess <= 0) return;
    this.#database.prepare(
      `DELETE FROM taken WHERE (identity, pair, price_scale, volume_scale, side, price) IN (
        SELECT identity, pair, price_scale, volume_scale, side, price FROM taken ORDER BY until_ms LIMIT ?
      )`,
    ).run(excess);
  }
}

function valuesOf({ identity, market }: MarketKey): [string, string, number, number] {
  return [identity, market.id, market.priceScale, market.volumeScale];
}

/**
 * What each identity took from the real book, which knows nothing of it, in SQLite: the same lots are not had twice, after
 * a new start neither. Forgotten when the level is gone, and after five minutes, as a level that is never seen empty may
 * have been filled up anew; of a level that shrinks, as much as is left counts as taken. Callers open the transaction.
 */

import type { DatabaseSync } from "node:sqlite";
import type { Side } from "../engine/matching.ts";
import { readNumber } from "../../state/sqlite.ts";
import type { MarketKey } from "./paper_orders.ts";
import type { Level } from "./real_book.ts";

/** Which side of which market somebody took from. */
export interface BookSide extends MarketKey {
  /** The side of the orders that were taken. */
  readonly side: Side;
}

/** How long a level that still stands is remembered as taken; by the wall clock, which goes on over a new start. */
const REMEMBERED_MS = 300_000;

const MAX_REMEMBERED = 20_000;

const OF_SIDE = "identity = ? AND pair = ? AND price_scale = ? AND volume_scale = ? AND side = ?";

/** The table of what was taken. Times are milliseconds since the Unix epoch. */
export class TakenLiquidity {
  readonly #database: DatabaseSync;
  readonly #statements;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = {
      forgetOver: database.prepare("DELETE FROM taken WHERE until_ms <= ?"),
      forgetAhead: database.prepare("DELETE FROM taken WHERE until_ms > ?"),
      add: database.prepare(`
        INSERT INTO taken (identity, pair, price_scale, volume_scale, side, price, lots, until_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET lots = lots + excluded.lots, until_ms = excluded.until_ms
      `),
      size: database.prepare("SELECT levels FROM taken_size"),
      forgetOldest: database.prepare(`
        DELETE FROM taken WHERE (identity, pair, price_scale, volume_scale, side, price) IN (
          SELECT identity, pair, price_scale, volume_scale, side, price FROM taken ORDER BY until_ms LIMIT ?
        )
      `),
    };
  }

  /** The levels of one side less what was taken. */
  remaining(of: BookSide, levels: readonly Level[], nowMs: number): Level[] {
    const taken = this.#lots(of, nowMs);
    return levels.map(({ price, volume }) => ({ price, volume: volume - (taken.get(price) ?? 0) }))
      .filter(({ volume }) => volume > 0);
  }

  /** Forgets what levels of the real book show to be over. */
  see(of: BookSide, levels: readonly Level[], nowMs: number): void {
    const volumes = new Map(levels.map(({ price, volume }) => [price, volume]));
    const last = levels.at(-1)?.price;
    for (const [price, lots] of this.#lots(of, nowMs)) {
      // Of what lies behind the last level shown, nothing is known.
      const isShown = last === undefined || (of.side === "BUY" ? price >= last : price <= last);
      const volume = volumes.get(price) ?? 0;
      if (isShown && volume < lots) this.#shrink(of, { price, volume });
    }
  }

  /** Notes that lots of a level were taken. */
  take(of: BookSide, { price, volume }: Level, nowMs: number): void {
    const { forgetOver, forgetAhead, add, size, forgetOldest } = this.#statements;
    // Two statements, as SQLite would scan the table for one that asks for either.
    forgetOver.run(nowMs);
    forgetAhead.run(nowMs + REMEMBERED_MS);
    add.run(...keyOf(of), price, volume, nowMs + REMEMBERED_MS);
    const excess = readNumber(size.get(), "levels") - MAX_REMEMBERED;
    if (excess > 0) forgetOldest.run(excess);
  }

  /** Forgets what one identity took, or what all took. */
  clear(identity?: string): void {
    this.#database.prepare("DELETE FROM taken WHERE identity = coalesce(?, identity)").run(identity ?? null);
  }

  /** By price; of a clock that was set back since, nothing is remembered. */
  #lots(of: BookSide, nowMs: number): Map<number, number> {
    const rows = this.#database
      .prepare(`SELECT price, lots FROM taken WHERE ${OF_SIDE} AND until_ms > ? AND until_ms <= ?`)
      .all(...keyOf(of), nowMs, nowMs + REMEMBERED_MS);
    return new Map(rows.map((row) => [readNumber(row, "price"), readNumber(row, "lots")]));
  }

  #shrink(of: BookSide, { price, volume }: Level): void {
    const [change, ...values] = volume === 0 ? ["DELETE FROM taken"] : ["UPDATE taken SET lots = ?", volume];
    this.#database.prepare(`${change} WHERE ${OF_SIDE} AND price = ?`).run(...values, ...keyOf(of), price);
  }
}

function keyOf({ identity, market, side }: BookSide): [string, string, number, number, Side] {
  return [identity, market.id, market.priceScale, market.volumeScale, side];
}

/** The tables of orders and own fills. Callers open the transaction. */

import type { DatabaseSync } from "node:sqlite";
import { ARCHIVE_AFTER_MS } from "../../../../simulation/engine/orders.ts";
import type { OrderFilter } from "../../../../simulation/engine/orders.ts";
import type { AccountMarket, MarketKey, OrderName, TradeFilter } from "../../../../simulation/paper/ledger.ts";
import type { LedgerOrder, LedgerTrade } from "../../../../simulation/paper/ledger_values.ts";
import { MAX_ORDERS, MAX_TRADES } from "../../../../simulation/paper/trading.ts";
import { readNumber, readText } from "../../../row.ts";
import type { Row } from "../../../row.ts";
import { CHANGING_COLUMNS, ORDER_COLUMNS, toOrder, toRow, toTrade } from "../../rows/paper_order_row.ts";

const SAVE = `INSERT INTO orders (${ORDER_COLUMNS.join(", ")}) VALUES (${
  ORDER_COLUMNS.map((name) => `:${name}`).join(", ")
})
  ON CONFLICT (id) DO UPDATE SET ${CHANGING_COLUMNS.map((name) => `${name} = excluded.${name}`).join(", ")}`;

/** The orders of all identities. */
export class PaperOrders {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Stores a new order or the next state of a known one. */
  save(identity: string, order: LedgerOrder): void {
    this.#database.prepare(SAVE).run(toRow(identity, order));
  }

  /** Stores a fill of a stored order. */
  record(identity: string, trade: LedgerTrade): void {
    this.#database.prepare("INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
      identity,
      trade.sequence,
      trade.orderId,
      trade.market.id,
      Number(trade.isBuy),
      trade.timestamp,
      trade.price,
      trade.volume,
      trade.counter,
      trade.feeBase,
      trade.feeCounter,
    );
  }

  /** An order of an identity by either of its ids. */
  find(identity: string, by: OrderName): LedgerOrder | undefined {
    const [column, value] = "id" in by ? ["id", by.id] : ["client_order_id", by.clientOrderId];
    const [row] = this.#all(`SELECT * FROM orders WHERE identity = ? AND ${column} = ?`, identity, value);
    return row === undefined ? undefined : toOrder(row);
  }

  /** Orders by filter, newest first; those archived 100 days after completion are omitted. */
  list(
    identity: string,
    { pair, closed, createdBefore, limit, atMs }: OrderFilter,
  ): LedgerOrder[] {
    return this.#database.prepare(
      `SELECT * FROM orders WHERE identity = :identity AND (:pair IS NULL OR pair = :pair)
        AND (:closed IS NULL OR (status = 'COMPLETE') = :closed)
        AND (:before IS NULL OR created_at < :before)
        AND (completed_at = 0 OR completed_at >= :archived) ORDER BY number DESC LIMIT :limit`,
    ).all({
      identity,
      pair: pair ?? null,
      closed: closed === undefined ? null : Number(closed),
      before: createdBefore ?? null,
      archived: atMs - ARCHIVE_AFTER_MS,
      limit,
    }).map(toOrder);
  }

  /** Fills of one identity by filter. */
  trades(
    identity: string,
    { pair, since, before, afterSequence, beforeSequence, newestFirst = false, limit }: TradeFilter,
  ): LedgerTrade[] {
    return this.#database.prepare(
      `SELECT orders.*, trades.sequence, trades.is_buy, trades.timestamp, trades.price, trades.volume,
        trades.counter AS fill_counter, trades.fee_base AS fill_fee_base, trades.fee_counter AS fill_fee_counter
        FROM trades JOIN orders ON orders.id = trades.order_id
        WHERE trades.identity = :identity AND trades.pair = :pair
        AND (:since IS NULL OR trades.timestamp >= :since) AND (:before IS NULL OR trades.timestamp < :before)
        AND (:after IS NULL OR trades.sequence >= :after) AND (:beforeSequence IS NULL OR trades.sequence < :beforeSequence)
        ORDER BY trades.sequence ${newestFirst ? "DESC" : ""} LIMIT :limit`,
    ).all({
      identity,
      pair,
      since: since ?? null,
      before: before ?? null,
      after: afterSequence ?? null,
      beforeSequence: beforeSequence ?? null,
      limit: limit ?? -1,
    }).map(toTrade);
  }

  /** Incomplete orders of an account in a market, oldest first. */
  live({ identity, market }: MarketKey): LedgerOrder[] {
    return this.#all(
      `SELECT * FROM orders WHERE status <> 'COMPLETE' AND pair = ? AND identity = ?
        AND price_scale = ? AND volume_scale = ? ORDER BY number`,
      market.id,
      identity,
      market.priceScale,
      market.volumeScale,
    ).map(toOrder);
  }

  /** The markets with live orders, one entry per account. */
  liveMarkets(pair: string): AccountMarket[] {
    return this.#all(
      `SELECT *, min(number) FROM orders WHERE status <> 'COMPLETE' AND pair = ?
        GROUP BY identity, price_scale, volume_scale`,
      pair,
    ).map((row) => ({ identity: readText(row, "identity"), market: toOrder(row).market }));
  }

  /** The pairs with live orders, in alphabetical order. */
  livePairs(): string[] {
    return this.#all("SELECT DISTINCT pair FROM orders WHERE status <> 'COMPLETE' ORDER BY pair")
      .map((row) => readText(row, "pair"));
  }

  /** The number of live orders of an identity. */
  countLive(identity: string): number {
    const [row] = this.#all(
      "SELECT count(*) AS count FROM orders WHERE status <> 'COMPLETE' AND identity = ?",
      identity,
    );
    return readNumber(row, "count");
  }

  /** Deletes what exceeds the limits of one identity. */
  prune(identity: string): void {
    const [row] = this.#all("SELECT count(*) AS count FROM orders WHERE identity = ?", identity);
    const surplus = readNumber(row, "count") - MAX_ORDERS;
    if (surplus > 0) {
      this.#database.prepare(
        `DELETE FROM orders WHERE number IN (SELECT number FROM orders
          WHERE identity = ? AND status = 'COMPLETE' ORDER BY number LIMIT ?)`,
      ).run(identity, surplus);
    }
    this.#database.prepare(
      "DELETE FROM trades WHERE identity = ? AND sequence <= (SELECT sequence FROM identities WHERE name = ?) - ?",
    ).run(identity, identity, MAX_TRADES);
  }

  /** Deletes every order and fill of one identity, or of all. */
  clear(identity?: string): void {
    // Fills are deleted with their orders.
    if (identity === undefined) this.#database.exec("DELETE FROM orders");
    else this.#database.prepare("DELETE FROM orders WHERE identity = ?").run(identity);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}

/** The tables of orders and own fills, within one transaction. */

import { ARCHIVE_AFTER_MS } from "../../../../simulation/engine/orders.ts";
import type { OrderFilter } from "../../../../simulation/engine/orders.ts";
import type { AccountMarket, MarketKey, OrderName, TradeFilter } from "../../../../simulation/paper/ledger.ts";
import type { LedgerOrder, LedgerTrade } from "../../../../simulation/paper/ledger_values.ts";
import { MAX_ORDERS, MAX_TRADES } from "../../../../simulation/paper/trading.ts";
import { readNumber, readText } from "../../../row.ts";
import { CHANGING_COLUMNS, ORDER_COLUMNS, toOrder, toRow, toTrade } from "../../rows/paper_order_row.ts";
import type { Session } from "../database.ts";

const LIST = ORDER_COLUMNS.join(", ");

const SAVE = `INSERT INTO paper_orders (${LIST})
  SELECT ${LIST} FROM json_populate_recordset(NULL::paper_orders, $1)
  ON CONFLICT (id) DO UPDATE SET ${CHANGING_COLUMNS.map((name) => `${name} = excluded.${name}`).join(", ")}`;

/** The orders of all identities. */
export class PaperOrders {
  readonly #query: Session["query"];

  constructor({ query }: Session) {
    this.#query = query;
  }

  /** Stores new orders or the next states of known ones, in order. */
  async save(identity: string, orders: readonly LedgerOrder[]): Promise<void> {
    // Only the last state of an order counts, as a statement can update each row once.
    const last = new Map(orders.map((order) => [order.id, toRow(identity, order)]));
    if (last.size > 0) await this.#query(SAVE, [JSON.stringify([...last.values()])]);
  }

  /** Stores fills of stored orders. */
  async record(identity: string, trades: readonly LedgerTrade[]): Promise<void> {
    if (trades.length === 0) return;
    const rows = trades.map((trade) => ({
      ...{ identity, sequence: trade.sequence, order_id: trade.orderId, pair: trade.market.id },
      ...{ is_buy: Number(trade.isBuy), timestamp: trade.timestamp, price: trade.price, volume: trade.volume },
      ...{ counter: trade.counter, fee_base: trade.feeBase, fee_counter: trade.feeCounter },
    }));
    await this.#query("INSERT INTO paper_trades SELECT * FROM json_populate_recordset(NULL::paper_trades, $1)", [
      JSON.stringify(rows),
    ]);
  }

  /** An order of an identity by either of its ids. */
  async find(identity: string, by: OrderName): Promise<LedgerOrder | undefined> {
    const [column, value] = "id" in by ? ["id", by.id] : ["client_order_id", by.clientOrderId];
    const [row] = await this.#query(`SELECT * FROM paper_orders WHERE identity = $1 AND ${column} = $2`, [
      identity,
      value,
    ]);
    return row && toOrder(row);
  }

  /** Orders by filter, newest first; those archived 100 days after completion are omitted. */
  async list(
    identity: string,
    { pair, closed, createdBefore, limit, atMs }: OrderFilter,
  ): Promise<LedgerOrder[]> {
    const rows = await this.#query(
      `SELECT * FROM paper_orders WHERE identity = $1 AND pair = coalesce($2, pair)
         AND (status = 'COMPLETE') = coalesce($3, status = 'COMPLETE') AND created_at < coalesce($4, created_at + 1)
         AND (completed_at = 0 OR completed_at >= $5) ORDER BY number DESC LIMIT $6`,
      [identity, pair ?? null, closed ?? null, createdBefore ?? null, atMs - ARCHIVE_AFTER_MS, limit],
    );
    return rows.map(toOrder);
  }

  /** Fills of one identity by filter. */
  async trades(
    identity: string,
    { pair, since, before, afterSequence, beforeSequence, newestFirst = false, limit }: TradeFilter,
  ): Promise<LedgerTrade[]> {
    const rows = await this.#query(
      `SELECT o.*, t.sequence, t.is_buy, t.timestamp, t.price, t.volume, t.counter AS fill_counter,
         t.fee_base AS fill_fee_base, t.fee_counter AS fill_fee_counter
       FROM paper_trades t JOIN paper_orders o ON o.id = t.order_id
       WHERE t.identity = $1 AND t.pair = $2
         AND t.timestamp >= coalesce($3, t.timestamp) AND t.timestamp < coalesce($4, t.timestamp + 1)
         AND t.sequence >= coalesce($5, t.sequence) AND t.sequence < coalesce($6, t.sequence + 1)
       ORDER BY t.sequence ${newestFirst ? "DESC" : ""} LIMIT $7`,
      [
        ...[identity, pair, since ?? null, before ?? null, afterSequence ?? null, beforeSequence ?? null],
        limit ?? null,
      ],
    );
    return rows.map(toTrade);
  }

  /** Incomplete orders of an account in a market, oldest first. */
  async live({ identity, market }: MarketKey): Promise<LedgerOrder[]> {
    const rows = await this.#query(
      `SELECT * FROM paper_orders WHERE status <> 'COMPLETE' AND pair = $1 AND identity = $2
         AND price_scale = $3 AND volume_scale = $4 ORDER BY number`,
      [market.id, identity, market.priceScale, market.volumeScale],
    );
    return rows.map(toOrder);
  }

  /** The markets with live orders, one entry per account. */
  async liveMarkets(pair: string): Promise<AccountMarket[]> {
    const rows = await this.#query(
      `SELECT DISTINCT ON (identity, price_scale, volume_scale) * FROM paper_orders
       WHERE status <> 'COMPLETE' AND pair = $1 ORDER BY identity, price_scale, volume_scale, number`,
      [pair],
    );
    return rows.map((row) => ({ identity: readText(row, "identity"), market: toOrder(row).market }));
  }

  /** The pairs with live orders, in alphabetical order. */
  async livePairs(): Promise<string[]> {
    const rows = await this.#query("SELECT DISTINCT pair FROM paper_orders WHERE status <> 'COMPLETE'");
    return rows.map((row) => readText(row, "pair")).toSorted();
  }

  /** The number of live orders of an identity. */
  async countLive(identity: string): Promise<number> {
    const [row] = await this.#query(
      "SELECT count(*) AS count FROM paper_orders WHERE status <> 'COMPLETE' AND identity = $1",
      [identity],
    );
    return readNumber(row, "count");
  }

  /** Deletes what exceeds the limits of one identity. */
  async prune(identity: string): Promise<void> {
    await this.#query(
      `DELETE FROM paper_orders WHERE number IN (SELECT number FROM paper_orders
         WHERE identity = $1 AND status = 'COMPLETE' ORDER BY number
         LIMIT greatest(0, (SELECT count(*) FROM paper_orders WHERE identity = $1) - $2))`,
      [identity, MAX_ORDERS],
    );
    await this.#query(
      `DELETE FROM paper_trades WHERE identity = $1
         AND sequence <= (SELECT sequence FROM paper_identities WHERE name = $1) - $2`,
      [identity, MAX_TRADES],
    );
  }

  /** Deletes every order and fill of one identity, or of all. */
  async clear(identity?: string): Promise<void> {
    // Fills are deleted with their orders.
    await this.#query("DELETE FROM paper_orders WHERE identity = coalesce($1, identity)", [identity ?? null]);
  }
}

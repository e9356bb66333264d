/** The rows behind paper accounts, in SQLite; an account's totals stand with it. Callers open the transaction. */

import type { DatabaseSync } from "node:sqlite";
import { formatDecimal } from "../../money/decimals.ts";
import { readNumber, readText, type Row } from "../../state/sqlite.ts";
import { type LedgerRow, ROW_KINDS, type Totals, totalsAfter } from "../engine/ledger.ts";
import type { TradingAccount } from "../engine/trading_store.ts";
import { readDecimal, readWord } from "./order_rows.ts";

/** Rows of one account that stay; older ones go, the newest keep their numbers. */
const MAX_ROWS = 50_000;

/** How many rows too many there may be before some go. */
const SLACK_ROWS = 1_000;

/** The ledgers of every account. */
export class PaperLedger {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** An account's ledger as the engine moves it: what is appended is kept at once. */
  open({ id, ...totals }: Totals & { readonly id: string }): TradingAccount["ledger"] {
    let newest: Totals = totals;
    return {
      get totals() {
        return newest;
      },
      append: (entry) => newest = this.append(id, { ...entry, ...totalsAfter(newest, entry) }),
    };
  }

  /** The rows with `from <= index < to`, oldest first; the oldest ones of a long ledger are gone. */
  rows(accountId: string, { from, to }: { from: number; to: number }): LedgerRow[] {
    return this.#database.prepare(
      "SELECT * FROM ledger WHERE account_id = ? AND row_index >= ? AND row_index < ? ORDER BY row_index",
    ).all(accountId, from, to).map(toRow);
  }

  /** Adds a row and moves the account with it. */
  append(accountId: string, row: Omit<LedgerRow, "index">): LedgerRow {
    const [balance, available] = [formatDecimal(row.balance), formatDecimal(row.available)];
    const [updated] = this.#database.prepare(
      "UPDATE accounts SET rows = rows + 1, balance = ?, available = ? WHERE id = ? RETURNING rows",
    ).all(balance, available, accountId);
    const index = readNumber(updated, "rows");
    this.#database.prepare("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
      accountId,
      index,
      row.timestamp,
      balance,
      available,
      formatDecimal(row.balanceDelta),
      formatDecimal(row.availableDelta),
      row.kind,
      row.description,
      row.reference,
      row.trade?.pair ?? "",
      row.trade === undefined ? "0" : formatDecimal(row.trade.price),
      row.trade === undefined ? "0" : formatDecimal(row.trade.volume),
      row.trade?.sequence ?? 0,
    );
    if (index % SLACK_ROWS === 0) {
      this.#database.prepare("DELETE FROM ledger WHERE account_id = ? AND row_index <= ?").run(
        accountId,
        index - MAX_ROWS,
      );
    }
    return { ...row, index };
  }

  /** Drops every row of an account, which has nothing then. */
  clear(accountId: string): void {
    this.#database.prepare("DELETE FROM ledger WHERE account_id = ?").run(accountId);
    this.#database.prepare("UPDATE accounts SET balance = '0', available = '0', rows = 0 WHERE id = ?").run(accountId);
  }
}

function toRow(row: Row): LedgerRow {
  const pair = readText(row, "pair");
  const trade = {
    pair,
    price: readDecimal(row, "price"),
    volume: readDecimal(row, "volume"),
    sequence: readNumber(row, "sequence"),
  };
  return {
    index: readNumber(row, "row_index"),
    timestamp: readNumber(row, "timestamp"),
    balance: readDecimal(row, "balance"),
    available: readDecimal(row, "available"),
    balanceDelta: readDecimal(row, "balance_delta"),
    availableDelta: readDecimal(row, "available_delta"),
    kind: readWord(row, "kind", ROW_KINDS),
    description: readText(row, "description"),
    reference: readText(row, "reference"),
    ...(pair === "" ? {} : { trade }),
  };
}

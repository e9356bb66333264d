/** The tables of identities, their accounts and the accounts' rows. Callers open the transaction. */

import type { DatabaseSync } from "node:sqlite";
import type { PaperAccount } from "../../../../simulation/paper/ledger.ts";
import type { AccountRow } from "../../../../simulation/paper/ledger_values.ts";
import type { Balances, NewAccount } from "../../../../simulation/paper/openings.ts";
import { readNumber, readText } from "../../../row.ts";
import type { Row } from "../../../row.ts";
import { MAX_ROWS, SLACK_ROWS, toAccount, toAccountRow } from "../../rows/paper_account_row.ts";

/** The accounts of all identities. */
export class PaperAccounts {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opening balances. */
  openings(): Balances {
    const rows = this.#all("SELECT * FROM openings");
    return Object.fromEntries(rows.map((row) => [readText(row, "currency"), readText(row, "amount")]));
  }

  setOpenings(balances: Balances): void {
    this.#run("DELETE FROM openings");
    for (const [currency, amount] of Object.entries(balances)) {
      this.#run("INSERT INTO openings VALUES (?, ?)", currency, amount);
    }
  }

  /** The number of identities. */
  identities(): number {
    return readNumber(this.#all("SELECT count(*) AS count FROM identities")[0], "count");
  }

  epoch(identity: string): string | undefined {
    const [row] = this.#all("SELECT epoch FROM identities WHERE name = ?", identity);
    return row && readText(row, "epoch");
  }

  addIdentity(identity: string, epoch: string): void {
    this.#run("INSERT INTO identities (name, epoch) VALUES (?, ?)", identity, epoch);
  }

  setEpoch(identity: string, epoch: string): void {
    this.#run("UPDATE identities SET epoch = ? WHERE name = ?", epoch, identity);
  }

  /** The names of all, or of one if it exists. */
  names(identity?: string): string[] {
    return this.#all("SELECT name FROM identities WHERE name = coalesce(?, name)", identity ?? null)
      .map((row) => readText(row, "name"));
  }

  /** The number of an identity's newest own trade. */
  sequence(identity: string): number {
    return readNumber(
      this.#all("SELECT sequence FROM identities WHERE name = ?", identity)[0] ?? { sequence: 0 },
      "sequence",
    );
  }

  setSequence(identity: string, sequence: number): void {
    this.#run("UPDATE identities SET sequence = ? WHERE name = ?", sequence, identity);
  }

  /** Every account of an identity, by currency. */
  of(identity: string): PaperAccount[] {
    return this.#all("SELECT * FROM accounts WHERE identity = ? ORDER BY currency", identity).map(toAccount);
  }

  get(identity: string, id: string): PaperAccount | undefined {
    const [row] = this.#all("SELECT * FROM accounts WHERE identity = ? AND id = ?", identity, id);
    return row && toAccount(row);
  }

  add(identity: string, { account: { id, currency }, row }: NewAccount): void {
    this.#run("INSERT INTO accounts (id, identity, currency) VALUES (?, ?, ?)", id, identity, currency);
    if (row !== undefined) this.append(id, row);
  }

  /** Deletes every row of an account, and resets it. */
  restart({ account: { id }, row }: NewAccount): void {
    this.#run("DELETE FROM ledger WHERE account_id = ?", id);
    this.#run("UPDATE accounts SET balance = '0', available = '0', rows = 0 WHERE id = ?", id);
    if (row !== undefined) this.append(id, row);
  }

  /** The rows with `from <= index < to`, oldest first. */
  rows({ identity, id, from, to }: { identity: string; id: string; from: number; to: number }): AccountRow[] {
    return this.#all(
      `SELECT ledger.* FROM ledger JOIN accounts ON accounts.id = account_id
        WHERE identity = ? AND account_id = ? AND row_index >= ? AND row_index < ? ORDER BY row_index`,
      identity,
      id,
      from,
      to,
    ).map(toAccountRow);
  }

  /** Appends a row and updates the account. */
  append(id: string, { trade, ...row }: AccountRow): void {
    this.#run(
      "UPDATE accounts SET rows = ?, balance = ?, available = ? WHERE id = ?",
      row.index,
      row.balance,
      row.available,
      id,
    );
    this.#run(
      "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      row.index,
      row.timestamp,
      row.balance,
      row.available,
      row.balanceDelta,
      row.availableDelta,
      row.kind,
      row.description,
      row.reference,
      trade?.pair ?? "",
      trade?.price ?? "0",
      trade?.volume ?? "0",
      trade?.sequence ?? 0,
    );
    if (row.index % SLACK_ROWS !== 0) return;
    this.#run("DELETE FROM ledger WHERE account_id = ? AND row_index <= ?", id, row.index - MAX_ROWS);
  }

  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#database.prepare(sql).run(...values);
  }
}

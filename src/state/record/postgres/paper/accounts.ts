/** The tables of identities, their accounts and the accounts' rows, within one transaction. */

import type { PaperAccount } from "../../../../simulation/paper/ledger.ts";
import type { AccountRow } from "../../../../simulation/paper/ledger_values.ts";
import type { Balances, NewAccount } from "../../../../simulation/paper/openings.ts";
import { readNumber, readText } from "../../../row.ts";
import { MAX_ROWS, SLACK_ROWS, toAccount, toAccountRow } from "../../rows/paper_account_row.ts";
import type { Session } from "../database.ts";

/** The accounts of all identities. */
export class PaperAccounts {
  readonly #query: Session["query"];

  constructor({ query }: Session) {
    this.#query = query;
  }

  /** Opening balances. */
  async openings(): Promise<Balances> {
    const rows = await this.#query("SELECT * FROM paper_openings");
    return Object.fromEntries(rows.map((row) => [readText(row, "currency"), readText(row, "amount")]));
  }

  async setOpenings(balances: Balances): Promise<void> {
    await this.#query("DELETE FROM paper_openings");
    await this.#query("INSERT INTO paper_openings SELECT * FROM unnest($1::text[], $2::text[])", [
      Object.keys(balances),
      Object.values(balances),
    ]);
  }

  /** The number of identities. */
  async identities(): Promise<number> {
    return readNumber((await this.#query("SELECT count(*) AS count FROM paper_identities"))[0], "count");
  }

  /** Locks an identity against changes by others; returns its epoch, if it exists. */
  async lock(identity: string): Promise<string | undefined> {
    const [row] = await this.#query("SELECT epoch FROM paper_identities WHERE name = $1 FOR UPDATE", [identity]);
    return row && readText(row, "epoch");
  }

  /** The same for all, or for one if it exists; returns their names. */
  async lockAll(identity?: string): Promise<string[]> {
    const rows = await this.#query(
      "SELECT name FROM paper_identities WHERE name = coalesce($1, name) ORDER BY name FOR UPDATE",
      [identity ?? null],
    );
    return rows.map((row) => readText(row, "name"));
  }

  async epoch(identity: string): Promise<string | undefined> {
    const [row] = await this.#query("SELECT epoch FROM paper_identities WHERE name = $1", [identity]);
    return row && readText(row, "epoch");
  }

  async addIdentity(identity: string, epoch: string): Promise<void> {
    await this.#query("INSERT INTO paper_identities (name, epoch) VALUES ($1, $2)", [identity, epoch]);
  }

  async setEpoch(identity: string, epoch: string): Promise<void> {
    await this.#query("UPDATE paper_identities SET epoch = $2 WHERE name = $1", [identity, epoch]);
  }

  /** The number of an identity's newest own trade. */
  async sequence(identity: string): Promise<number> {
    const [row] = await this.#query("SELECT sequence FROM paper_identities WHERE name = $1", [identity]);
    return row === undefined ? 0 : readNumber(row, "sequence");
  }

  async setSequence(identity: string, sequence: number): Promise<void> {
    await this.#query("UPDATE paper_identities SET sequence = $2 WHERE name = $1", [identity, sequence]);
  }

  /** Every account of an identity, by currency. */
  async of(identity: string): Promise<PaperAccount[]> {
    const text = `SELECT * FROM paper_accounts WHERE identity = $1 ORDER BY currency COLLATE "C"`;
    return (await this.#query(text, [identity])).map(toAccount);
  }

  async get(identity: string, id: string): Promise<PaperAccount | undefined> {
    const [row] = await this.#query("SELECT * FROM paper_accounts WHERE identity = $1 AND id = $2", [identity, id]);
    return row && toAccount(row);
  }

  async add(identity: string, { account: { id, currency }, row }: NewAccount): Promise<void> {
    await this.#query("INSERT INTO paper_accounts (id, identity, currency) VALUES ($1, $2, $3)", [
      id,
      identity,
      currency,
    ]);
    if (row !== undefined) await this.append(id, row);
  }

  /** Deletes every row of an account, and resets it. */
  async restart({ account: { id }, row }: NewAccount): Promise<void> {
    await this.#query("DELETE FROM paper_ledger WHERE account_id = $1", [id]);
    await this.#query("UPDATE paper_accounts SET balance = '0', available = '0', rows = 0 WHERE id = $1", [id]);
    if (row !== undefined) await this.append(id, row);
  }

  /** The rows with `from <= index < to`, oldest first. */
  async rows(
    { identity, id, from, to }: { identity: string; id: string; from: number; to: number },
  ): Promise<AccountRow[]> {
    const rows = await this.#query(
      `SELECT l.* FROM paper_ledger l JOIN paper_accounts a ON a.id = account_id
       WHERE identity = $1 AND account_id = $2 AND row_index >= $3 AND row_index < $4 ORDER BY row_index`,
      [identity, id, from, to],
    );
    return rows.map(toAccountRow);
  }

  /** Appends a row and updates the account. */
  async append(id: string, { trade, ...row }: AccountRow): Promise<void> {
    await this.#query(
      `WITH moved AS (UPDATE paper_accounts SET rows = $2, balance = $4, available = $5 WHERE id = $1)
       INSERT INTO paper_ledger VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        ...[id, row.index, row.timestamp, row.balance, row.available, row.balanceDelta, row.availableDelta, row.kind],
        ...[row.description, row.reference, trade?.pair ?? "", trade?.price ?? "0", trade?.volume ?? "0"],
        trade?.sequence ?? 0,
      ],
    );
    if (row.index % SLACK_ROWS !== 0) return;
    await this.#query("DELETE FROM paper_ledger WHERE account_id = $1 AND row_index <= $2", [id, row.index - MAX_ROWS]);
  }
}

/** The exchanges that accounts are bound to, on PostgreSQL. */

import { accountBinding } from "../../../trading/record/accounts.ts";
import type { AccountBinding, Accounts } from "../../../trading/record/accounts.ts";
import { readText } from "../../row.ts";
import { readAccount } from "../rows/account_row.ts";
import type { RecordConnection } from "./record_connection.ts";

/** See {@linkcode Accounts}. */
export class PostgresAccounts implements Accounts {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  bind(account: string, exchange: string): Promise<AccountBinding> {
    return this.#connection.change(async ({ query }) => {
      const values = [account, exchange];
      await query("INSERT INTO accounts (id, exchange) VALUES ($1, $2) ON CONFLICT DO NOTHING", values);
      const rows = await query("SELECT * FROM accounts WHERE id = $1 OR exchange = $2", values);
      return accountBinding({ id: account, exchange }, rows.map(readAccount));
    });
  }

  async exchangeOf(account: string): Promise<string | undefined> {
    const row = await this.#connection.row("SELECT exchange FROM accounts WHERE id = $1", account);
    return row && readText(row, "exchange");
  }
}

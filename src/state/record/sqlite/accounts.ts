/** The exchanges that accounts are bound to, in SQLite. */

import { accountBinding } from "../../../trading/record/accounts.ts";
import type { AccountBinding } from "../../../trading/record/accounts.ts";
import { readText } from "../../row.ts";
import { readAccount } from "../rows/account_row.ts";
import type { RecordConnection } from "./connection.ts";

/** See {@linkcode Accounts}. */
export class SqliteAccounts {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  bind(account: string, exchange: string): AccountBinding {
    return this.#connection.transaction(() => {
      this.#connection.run(
        "INSERT INTO accounts (id, exchange) VALUES (?, ?) ON CONFLICT DO NOTHING",
        account,
        exchange,
      );
      const rows = this.#connection.rows("SELECT * FROM accounts WHERE id = ? OR exchange = ?", account, exchange);
      return accountBinding({ id: account, exchange }, rows.map(readAccount));
    });
  }

  exchangeOf(account: string): string | undefined {
    const row = this.#connection.row("SELECT exchange FROM accounts WHERE id = ?", account);
    return row && readText(row, "exchange");
  }
}

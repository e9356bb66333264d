/** The account that a call is about. */

import type { Balance } from "../exchange/account_schemas.ts";
import { AccountId, CurrencyText } from "./inputs.ts";
import { ArgumentError } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

/** Arguments that name an account: by its id or, if it is the only one, by its currency. */
export const accountChoice = {
  account_id: AccountId.optional(),
  currency: CurrencyText.optional().describe("instead of account_id where you have one account in it"),
};

/** Values of {@linkcode accountChoice}. */
export interface AccountChoice {
  readonly account_id?: string | undefined;
  readonly currency?: string | undefined;
}

/**
 * Finds the account.
 *
 * @throws {ArgumentError} when none or several match; the suggestions are account ids
 */
export async function chooseAccount(
  { exchange, markets, signal }: ToolContext,
  choice: AccountChoice,
): Promise<Balance> {
  const { account_id, currency } = choice;
  if (account_id === undefined && currency === undefined) {
    throw new ArgumentError("account_id", "expected account_id or currency: get_accounts lists both");
  }
  const code = currency === undefined ? undefined : await markets.resolveCurrency(currency, { signal });
  const { balance, left_out } = await exchange.call("getBalances", {}, { signal });
  const matching = balance.filter((row) =>
    (account_id === undefined || row.account_id === account_id) && (code === undefined || row.asset === code)
  );
  const [only, other] = matching;
  if (only !== undefined && other === undefined) return only;
  const field = account_id === undefined ? "currency" : "account_id";
  const suggestions = (only === undefined ? balance : matching).map((row) => row.account_id).slice(0, 10);
  const problem = only === undefined
    ? `expected one of your accounts: none is ${[account_id, code].filter((part) => part !== undefined).join(" in ")}` +
      (left_out === 0 ? "" : ` (${left_out} of the exchange's rows of accounts cannot be read)`)
    : `expected account_id, as several accounts hold ${code}`;
  throw new ArgumentError(field, problem, suggestions);
}

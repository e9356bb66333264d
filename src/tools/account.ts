/** The accounts of the key's owner: balances, statements, transfers. */

import { z } from "zod";
import { formatDecimal, parseDecimal } from "../money/decimals.ts";
import { sumOf } from "../money/rounding.ts";
import type { Balance } from "../exchange/account_schemas.ts";
import type { Market, Ticker } from "../exchange/market_schemas.ts";
import { homeCurrency, sumByCurrency, valueIn } from "../market/valuation.ts";
import { ExchangeText, exchangeText } from "./exchange_text.ts";
import { CROSSED, isCrossed } from "./best_prices.ts";
import { CurrencyText, LeftOut, leftOut, Warnings, warningsOf } from "./inputs.ts";
import { statementTools } from "./statement.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";
import { listTransfers } from "./transfers.ts";

const AccountRow = z.object({
  account_id: z.string(),
  currency: z.string(),
  name: ExchangeText,
  balance: z.string(),
  reserved: z.string(),
  available: z.string(),
  unconfirmed: z.string(),
});

const getAccounts = defineTool({
  name: "get_accounts",
  title: "Accounts and their ids",
  description:
    "Every account (wallet) with its id, which other tools ask for. available = balance - reserved (for open orders); unconfirmed is still coming in.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ currency: CurrencyText.optional() }),
  output: z.object({ accounts: z.array(AccountRow), left_out: LeftOut }),
  async run({ currency }, { exchange, markets, signal }) {
    const code = currency === undefined ? undefined : await markets.resolveCurrency(currency, { signal });
    const filter = code === undefined ? {} : { assets: [code] };
    const { balance, left_out } = await exchange.call("getBalances", filter, { signal });
    return { accounts: balance.map(accountRow), ...leftOut(left_out) };
  },
});

const getAccountBalance = defineTool({
  name: "get_account_balance",
  title: "Balances and portfolio value",
  description:
    "What you own (portfolio): balance per currency over all accounts, reserved and available, valued in one currency at mid prices; empty currencies only on request.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    currency: CurrencyText.optional(),
    value_in: CurrencyText.optional().describe("by default your fiat currency, else USDT"),
    include_empty: z.boolean().default(false),
  }),
  output: z.object({
    balances: z.array(z.object({
      currency: z.string(),
      balance: z.string(),
      reserved: z.string(),
      available: z.string(),
      unconfirmed: z.string(),
      accounts: z.int(),
      price: z.string().nullable().describe("of one unit in value_in"),
      value: z.string().nullable(),
    })),
    value_in: z.string(),
    total_value: z.string(),
    unpriced: z.array(z.string()).describe("not in total_value"),
    left_out: LeftOut,
    warnings: Warnings,
  }),
  async run({ currency, value_in, include_empty }, { exchange, markets, signal }) {
    const code = currency === undefined ? undefined : await markets.resolveCurrency(currency, { signal });
    const { balance, left_out } = await exchange.call("getBalances", {}, { signal });
    const held = sumByCurrency(balance);
    const [list, { tickers, left_out: unread }] = await Promise.all([
      markets.list({ signal }),
      exchange.call("getTickers", {}, { signal }),
    ]);
    const valuedIn = value_in === undefined
      ? homeCurrency(held, list)
      : await markets.resolveCurrency(value_in, { signal });
    const worthOf = valueIn(valuedIn, { markets: list, tickers });
    const rows = held
      .filter((row) =>
        (code === undefined || row.currency === code) && (include_empty || code !== undefined || !row.isEmpty)
      )
      .map((row) => ({ row, worth: worthOf(row) }));
    const used = new Set(rows.map(({ row }) => row.currency));
    const crossed = crossedPairs(tickers, list.filter((market) => used.has(market.base_currency)));
    const priced = rows.flatMap(({ worth }) => worth === null ? [] : [worth.value]);
    return {
      balances: rows.map(({ row, worth }) => ({
        currency: row.currency,
        balance: formatDecimal(row.balance),
        reserved: formatDecimal(row.reserved),
        available: formatDecimal(row.balance.minus(row.reserved)),
        unconfirmed: formatDecimal(row.unconfirmed),
        accounts: row.accounts,
        price: worth === null ? null : formatDecimal(worth.price),
        value: worth === null ? null : formatDecimal(worth.value),
      })),
      value_in: valuedIn,
      total_value: formatDecimal(sumOf(priced)),
      unpriced: rows.filter(({ worth }) => worth === null).map(({ row }) => row.currency),
      ...leftOut(left_out),
      ...warningsOf(
        unread > 0 ? `${unread} of the exchange's tickers cannot be read: prices may be missing for that` : undefined,
        crossed.length > 0 ? `${CROSSED}: ${crossed.join(", ")}` : undefined,
      ),
    };
  },
});

/** Tools for the accounts of the key's owner. */
export const accountTools: readonly Tool[] = [
  getAccountBalance,
  getAccounts,
  ...statementTools,
  listTransfers,
];

/** Pairs among these markets whose prices contradict each other; an empty side reads `"0"`. */
function crossedPairs(tickers: readonly Ticker[], markets: readonly Market[]): string[] {
  const pairs = new Set(markets.map(({ market_id }) => market_id));
  return tickers.filter(({ pair, bid, ask }) => pairs.has(pair) && ask !== "0" && isCrossed(bid, ask))
    .map(({ pair }) => pair);
}

function accountRow(row: Balance): z.output<typeof AccountRow> {
  const { account_id, asset, name, balance, reserved, unconfirmed } = row;
  const available = formatDecimal(parseDecimal(balance).minus(reserved));
  return { account_id, currency: asset, name: exchangeText(name), balance, reserved, available, unconfirmed };
}

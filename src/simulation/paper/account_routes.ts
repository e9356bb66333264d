/** Endpoints of paper accounts and their ledgers. Nothing comes in or goes out on paper, so those lists are empty. */

import { bareNumber, printDecimal } from "../api/print.ts";
import { invalidArgument, type Parameters } from "../api/parameters.ts";
import { Refusal } from "../engine/refusal.ts";
import { parseDecimal } from "../../money/decimals.ts";
import type { PaperAccount, PaperRow } from "./paper_accounts.ts";
import type { PaperExchange } from "./paper_exchange.ts";
import type { PaperCall, PaperRoute } from "./route.ts";

const MAX_ROWS = 1_000;

/** Every endpoint of this file. */
export function accountRoutes(exchange: PaperExchange): readonly PaperRoute[] {
  const get = { method: "GET", permission: 0 } as const;
  return [
    { ...get, path: "/api/1/balance", run: (call) => balances(exchange, call) },
    { ...get, path: "/api/1/accounts/{id}/transactions", run: (call) => transactions(exchange, call) },
    { ...get, path: "/api/1/accounts/{id}/pending", run: (call) => pending(exchange, call) },
    { ...get, path: "/api/exchange/1/transfers", run: () => ({ transfers: [] }) },
    { ...get, path: "/api/exchange/1/move/list_moves", run: () => ({ moves: [] }) },
    { ...get, path: "/api/1/withdrawals", run: () => ({ withdrawals: [] }) },
    { ...get, path: "/api/1/beneficiaries", run: () => ({ beneficiaries: [] }) },
    { ...get, path: "/api/1/users/linked", run: () => ({ users: [] }) },
  ];
}

async function balances(exchange: PaperExchange, { identity, parameters }: PaperCall): Promise<object> {
  const assets = parameters.list("assets");
  const accounts = await exchange.accountsOf(identity);
  return {
    balance: accounts
      .filter(({ currency }) => assets.length === 0 || assets.includes(currency))
      .map((account) => ({
        account_id: account.id,
        asset: account.currency,
        balance: printDecimal(account.balance),
        reserved: printDecimal(account.balance.minus(account.available)),
        unconfirmed: "0.00",
        name: nameOf(account),
      })),
  };
}

function transactions(exchange: PaperExchange, { identity, id, parameters }: PaperCall): object {
  const account = accountOf(exchange, { identity, id });
  const rows = exchange.store.accounts.rows(id, rowRange(parameters, account.rows));
  return { id, transactions: rows.toReversed().map((row) => printRow(account, row)) };
}

function pending(exchange: PaperExchange, { identity, id }: PaperCall): object {
  const account = accountOf(exchange, { identity, id });
  return { id, currency: account.currency, name: nameOf(account), pending: [], transactions: null };
}

function accountOf(exchange: PaperExchange, { identity, id }: Pick<PaperCall, "identity" | "id">): PaperAccount {
  if (!/^\d{1,19}$/.test(id)) throw new Refusal("ErrInvalidAccountID");
  return exchange.store.accounts.get(identity, id);
}

function nameOf({ currency }: PaperAccount): string {
  return `Paper ${currency}`;
}

/** A value of zero or less counts back from one past the newest row. */
function rowRange(parameters: Parameters, length: number): { readonly from: number; readonly to: number } {
  const place = (name: string) => {
    const row = parameters.integer(name);
    if (row === undefined) throw invalidArgument(name);
    return row <= 0 ? length + 1 + row : row;
  };
  const [from, to] = [place("min_row"), place("max_row")];
  if (to - from > MAX_ROWS) throw new Refusal("ErrTooManyRowsRequested");
  return { from, to };
}

function printRow(account: PaperAccount, row: PaperRow): object {
  const amount = (text: string) => printDecimal(parseDecimal(text));
  return {
    row_index: row.index,
    timestamp: row.timestamp,
    account_id: bareNumber(account.id),
    currency: account.currency,
    balance: amount(row.balance),
    available: amount(row.available),
    balance_delta: amount(row.balanceDelta),
    available_delta: amount(row.availableDelta),
    description: row.description,
    kind: row.kind,
    reference: row.reference,
    details: {},
    detail_fields: {
      crypto_details: { address: "", txid: "" },
      trade_details: { pair: row.pair, price: amount(row.price), sequence: row.sequence, volume: amount(row.volume) },
    },
  };
}

/** Endpoints of paper accounts and their ledgers. Nothing comes in or goes out on paper, so those lists are empty. */

import { checkedAccountId, printRow, readRowRange } from "../api/ledger_print.ts";
import { printDecimal } from "../api/print_numbers.ts";
import type { PaperAccount } from "./paper_accounts.ts";
import type { PaperExchange } from "./paper_exchange.ts";
import type { PaperCall, PaperRoute } from "./paper_route.ts";

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
  const rows = exchange.store.accounts.ledger.rows(id, readRowRange(parameters, account.rows));
  return { id, transactions: rows.toReversed().map((row) => printRow(account, row)) };
}

function pending(exchange: PaperExchange, { identity, id }: PaperCall): object {
  const account = accountOf(exchange, { identity, id });
  return { id, currency: account.currency, name: nameOf(account), pending: [], transactions: null };
}

function accountOf(exchange: PaperExchange, { identity, id }: Pick<PaperCall, "identity" | "id">): PaperAccount {
  return exchange.store.accounts.get(identity, checkedAccountId(id));
}

function nameOf({ currency }: PaperAccount): string {
  return `Paper ${currency}`;
}

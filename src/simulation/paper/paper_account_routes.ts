/**
 * Endpoints of paper accounts and their ledgers. There are no deposits or withdrawals on paper, so those lists are
 * empty.
 */

import Big from "big.js";
import { checkedAccountId, printRow, readRowRange } from "../api/ledger_print.ts";
import { printDecimal } from "../api/print_numbers.ts";
import { Refusal } from "../engine/refusal.ts";
import type { PaperAccount } from "./ledger.ts";
import { readRow } from "./ledger_values.ts";
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
        balance: printDecimal(new Big(account.balance)),
        reserved: printDecimal(new Big(account.balance).minus(account.available)),
        unconfirmed: "0.00",
        name: nameOf(account),
      })),
  };
}

async function transactions(exchange: PaperExchange, { identity, id, parameters }: PaperCall): Promise<object> {
  const account = await accountOf(exchange, { identity, id });
  const rows = await exchange.ledger.rows({ identity, id, ...readRowRange(parameters, account.rows) });
  return { id, transactions: rows.toReversed().map((row) => printRow(account, readRow(row))) };
}

async function pending(exchange: PaperExchange, { identity, id }: PaperCall): Promise<object> {
  const account = await accountOf(exchange, { identity, id });
  return { id, currency: account.currency, name: nameOf(account), pending: [], transactions: null };
}

async function accountOf(
  { ledger }: PaperExchange,
  { identity, id }: Pick<PaperCall, "identity" | "id">,
): Promise<PaperAccount> {
  const account = await ledger.account({ identity, id: checkedAccountId(id) });
  // Also for an account of another identity.
  if (account === undefined) throw new Refusal("ErrAccountNotFound");
  return account;
}

function nameOf({ currency }: PaperAccount): string {
  return `Paper ${currency}`;
}

/** Endpoints of accounts, their ledgers and balances. */

import Big from "big.js";
import type { Account } from "../engine/accounts.ts";
import type { PendingReceive } from "../funding/funding.ts";
import { PERMISSIONS } from "./simulated_keys.ts";
import { checkedAccountId, printRow, readRowRange } from "./ledger_print.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { bareNumber, printDecimal, printList } from "./print_numbers.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Call, Route } from "./route.ts";
import { labelOf } from "../../money/currencies.ts";
import { TRADED_CURRENCIES } from "../model/markets.ts";
import type { Simulation } from "../simulation.ts";

const ZERO = new Big(0);

/** Every endpoint of this file. */
export function accountRoutes(simulation: Simulation): readonly Route[] {
  const { accounts, identifiers } = simulation;
  return [
    {
      method: "GET",
      path: "/api/1/balance",
      permission: PERMISSIONS.readBalance,
      run: (call) => balances(simulation, call),
    },
    {
      method: "GET",
      path: "/api/1/accounts/{id}/transactions",
      permission: PERMISSIONS.readTransactions,
      run: (call) => transactions(simulation, call),
    },
    {
      method: "GET",
      path: "/api/1/accounts/{id}/pending",
      permission: PERMISSIONS.readTransactions,
      run: (call) => pending(simulation, call),
    },
    {
      method: "POST",
      path: "/api/1/accounts",
      permission: PERMISSIONS.writeAddresses,
      run: ({ parameters }) => {
        const currency = parameters.text("currency");
        if (currency === undefined || !TRADED_CURRENCIES.has(currency)) throw new Refusal("ErrInvalidCurrency");
        const name = requiredName(parameters);
        const account = accounts.open(identifiers.account(), { currency, name });
        return { currency, id: account.id, name };
      },
    },
    {
      method: "PUT",
      path: "/api/1/accounts/{id}/name",
      permission: PERMISSIONS.writeAddresses,
      run: ({ id, parameters }) => {
        accountAt(simulation, id).name = requiredName(parameters);
        return { success: true };
      },
    },
  ];
}

function balances({ accounts, exchange, funding, settings }: Simulation, { parameters, nowMs, atMs }: Call): object {
  const assets = parameters.list("assets");
  exchange.advance(nowMs);
  return {
    balance: accounts.all().filter(({ currency }) => assets.length === 0 || assets.includes(currency)).map(
      (account) => {
        const totals = atMs === nowMs && settings.readLagMs === 0
          ? account.ledger.totals
          : account.ledger.totalsAt(atMs - settings.readLagMs);
        return {
          account_id: account.id,
          asset: account.currency,
          balance: printDecimal(totals.balance),
          reserved: printDecimal(totals.balance.minus(totals.available)),
          unconfirmed: printDecimal(funding.unconfirmed(account.id)),
          name: account.name,
        };
      },
    ),
  };
}

function transactions(simulation: Simulation, { id, parameters, nowMs, atMs }: Call): object {
  const account = accountAt(simulation, id);
  const { settings, exchange } = simulation;
  exchange.advance(nowMs);
  const { from, to } = readRowRange(parameters, account.ledger.length);
  const rows = account.ledger.rows(from, to).filter(({ timestamp }) => timestamp <= atMs);
  const ordered = settings.transactionOrder === "newest_first" ? rows.toReversed() : rows;
  const amount = settings.transactionAmounts === "string" ? printDecimal : (value: Big) => bareNumber(value.toFixed());
  return { id, transactions: printList(ordered.map((row) => printRow(account, row, amount)), settings) };
}

function pending(simulation: Simulation, { id }: Call): object {
  const account = accountAt(simulation, id);
  const entries = simulation.funding.pending.filter(({ accountId }) => accountId === id);
  return {
    id,
    currency: account.currency,
    name: account.name,
    pending: printList(entries.map((entry) => printPending(account, entry)), simulation.settings),
    transactions: null,
  };
}

function printPending(account: Account, { amount, createdAt, reference }: PendingReceive): object {
  return printRow(account, {
    index: 0,
    timestamp: createdAt,
    balance: ZERO,
    available: ZERO,
    balanceDelta: amount,
    availableDelta: ZERO,
    kind: "TRANSFER",
    description: `Receiving ${labelOf(account.currency)}`,
    reference,
  });
}

function accountAt({ accounts }: Simulation, id: string): Account {
  return accounts.get(checkedAccountId(id));
}

function requiredName(parameters: Parameters): string {
  const name = parameters.text("name");
  if (name === undefined || name.length > 255) throw invalidArgument("name");
  return name;
}

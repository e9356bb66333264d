/** Endpoints of accounts, their ledgers and balances. */

import Big from "big.js";
import type { Account } from "../engine/accounts.ts";
import type { PendingReceive } from "../funding/funding.ts";
import { PERMISSIONS } from "./keys.ts";
import type { LedgerRow } from "../engine/ledger.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { bareNumber, printDecimal, printList } from "./print.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Call, Route } from "./route.ts";
import { labelOf } from "../../money/currencies.ts";
import { CURRENCIES } from "../model/traded_currencies.ts";
import type { Simulation } from "../simulation.ts";

const MAX_ROWS = 1000;
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
        if (currency === undefined || !CURRENCIES.has(currency)) throw new Refusal("ErrInvalidCurrency");
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
  const { from, to } = rowRange(parameters, account.ledger.length);
  const rows = account.ledger.rows(from, to).filter(({ timestamp }) => timestamp <= atMs);
  const ordered = settings.transactionOrder === "newest_first" ? rows.toReversed() : rows;
  const amount = settings.transactionAmounts === "string" ? printDecimal : (value: Big) => bareNumber(value.toFixed());
  return { id, transactions: printList(ordered.map((row) => printRow(account, row, amount)), settings) };
}

/** A value of zero or less counts back from one past the newest row. */
function rowRange(parameters: Parameters, length: number): { readonly from: number; readonly to: number } {
  const [from, to] = ["min_row", "max_row"].map((name) => {
    const row = parameters.integer(name);
    if (row === undefined) throw invalidArgument(name);
    return row <= 0 ? length + 1 + row : row;
  });
  if (from === undefined || to === undefined) throw new Refusal("ErrInvalidArguments");
  if (to - from > MAX_ROWS) throw new Refusal("ErrTooManyRowsRequested");
  return { from: Math.max(1, from), to };
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
  }, printDecimal);
}

function printRow(account: Account, row: LedgerRow, amount: (value: Big) => string | object): object {
  return {
    row_index: row.index,
    timestamp: row.timestamp,
    account_id: account.id,
    currency: account.currency,
    balance: amount(row.balance),
    available: amount(row.available),
    balance_delta: amount(row.balanceDelta),
    available_delta: amount(row.availableDelta),
    description: row.description,
    kind: row.kind,
    reference: row.reference,
    details: row.address === undefined ? {} : { Address: row.address },
    detail_fields: {
      crypto_details: { address: row.address ?? "", txid: row.transactionId ?? "" },
      trade_details: {
        pair: row.trade?.pair ?? "",
        price: printDecimal(row.trade?.price ?? ZERO),
        sequence: row.trade?.sequence ?? 0,
        volume: printDecimal(row.trade?.volume ?? ZERO),
      },
    },
  };
}

function accountAt({ accounts }: Simulation, id: string): Account {
  if (!/^\d{1,19}$/.test(id)) throw new Refusal("ErrInvalidAccountID");
  return accounts.get(id);
}

function requiredName(parameters: Parameters): string {
  const name = parameters.text("name");
  if (name === undefined || name.length > 255) throw invalidArgument("name");
  return name;
}

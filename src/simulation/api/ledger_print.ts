/** Ledgers in the exchange's form, and the rows that a request selects. */

import Big from "big.js";
import type { LedgerRow } from "../engine/ledger.ts";
import { Refusal } from "../engine/refusal.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { printDecimal } from "./print_numbers.ts";

const MAX_ROWS = 1_000;
const ZERO = new Big(0);

/**
 * Parses `min_row` (inclusive) and `max_row` (exclusive); a value of zero or less counts back from one past the newest
 * row.
 *
 * @throws {Refusal} ErrTooManyRowsRequested beyond a thousand rows
 */
export function readRowRange(parameters: Parameters, length: number): { readonly from: number; readonly to: number } {
  const place = (name: string) => {
    const row = parameters.integer(name);
    if (row === undefined) throw invalidArgument(name);
    return row <= 0 ? length + 1 + row : row;
  };
  const [from, to] = [place("min_row"), place("max_row")];
  if (to - from > MAX_ROWS) throw new Refusal("ErrTooManyRowsRequested");
  return { from: Math.max(1, from), to };
}

/**
 * Parses the `{id}` of an account.
 *
 * @throws {Refusal} ErrInvalidAccountID
 */
export function checkedAccountId(id: string): string {
  if (!/^\d{1,19}$/.test(id)) throw new Refusal("ErrInvalidAccountID");
  return id;
}

/** One row; `amount` formats its balances and deltas. */
export function printRow(
  account: { readonly id: string; readonly currency: string },
  row: LedgerRow,
  amount: (value: Big) => string | object = printDecimal,
): object {
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

/**
 * The append-only ledger of one account. `balance` and `available` change independently: a reservation changes only
 * `available`. Rows are numbered from 1 and never change.
 */

import Big from "big.js";

/** The kinds of event that a row may belong to. */
export const ROW_KINDS = ["FEE", "TRANSFER", "EXCHANGE", "INTEREST"] as const;

/** The kind of event that a row belongs to. */
export type RowKind = typeof ROW_KINDS[number];

/** The trade of a row. `price` and `volume` in currency units. */
export interface TradeDetails {
  readonly pair: string;
  readonly price: Big;
  readonly volume: Big;
  readonly sequence: number;
}

/** A new row; deltas may be negative or zero. */
export interface LedgerEntry {
  readonly timestamp: number;
  readonly balanceDelta: Big;
  readonly availableDelta: Big;
  readonly kind: RowKind;
  readonly description: string;
  /** Shared by all rows of one event. */
  readonly reference: string;
  readonly address?: string;
  readonly transactionId?: string;
  readonly trade?: TradeDetails;
}

/** A row in the ledger, with the totals after it. */
export interface LedgerRow extends LedgerEntry {
  /** Number of the row, from 1 = oldest. */
  readonly index: number;
  readonly balance: Big;
  readonly available: Big;
}

/** Totals of a ledger at a moment. */
export interface Totals {
  readonly balance: Big;
  readonly available: Big;
}

const EMPTY: Totals = { balance: new Big(0), available: new Big(0) };

/**
 * The totals after one more row.
 *
 * @throws {RangeError} when it would make `available` negative or larger than `balance`, which is an error of the
 * engine
 */
export function totalsAfter(
  before: Totals,
  { balanceDelta, availableDelta }: Pick<LedgerEntry, "balanceDelta" | "availableDelta">,
): Totals {
  const balance = before.balance.plus(balanceDelta);
  const available = before.available.plus(availableDelta);
  if (available.lt(0) || available.gt(balance)) {
    throw new RangeError(
      `Cannot append to ledger as 0 <= available <= balance: current values are ${available} and ${balance}`,
    );
  }
  return { balance, available };
}

/** The ledger of one account, in memory. */
export class Ledger {
  readonly #rows: LedgerRow[] = [];
  readonly #appended: ((row: LedgerRow) => void) | undefined;

  /** `appended` is called for every new row. */
  constructor(appended?: (row: LedgerRow) => void) {
    this.#appended = appended;
  }

  /** Number of rows. */
  get length(): number {
    return this.#rows.length;
  }

  /** Totals after the newest row. */
  get totals(): Totals {
    return this.#rows.at(-1) ?? EMPTY;
  }

  /**
   * Appends a row.
   *
   * @throws {RangeError} when it would make `available` negative or larger than `balance`, which is an error of the
   * engine
   */
  append(entry: LedgerEntry): LedgerRow {
    const row = { ...entry, ...totalsAfter(this.totals, entry), index: this.#rows.length + 1 };
    this.#rows.push(row);
    this.#appended?.(row);
    return row;
  }

  /** The rows with `from <= index < to`, oldest first. */
  rows(from: number, to: number): readonly LedgerRow[] {
    return this.#rows.slice(Math.max(0, from - 1), Math.max(0, to - 1));
  }

  /** The totals at a past time. */
  totalsAt(atMs: number): Totals {
    return this.#rows.findLast((row) => row.timestamp <= atMs) ?? EMPTY;
  }
}

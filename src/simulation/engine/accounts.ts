/** The accounts of the one user of the simulated exchange: each holds one currency and owns one ledger. */

import { Ledger, type LedgerRow } from "./ledger.ts";
import { Refusal } from "./refusal.ts";

const MAX_ACCOUNTS_PER_CURRENCY = 10;

/** One account. */
export interface Account {
  /** A 64-bit integer above 2^53, in decimal. */
  readonly id: string;
  readonly currency: string;
  name: string;
  readonly ledger: Ledger;
}

/** All accounts, in the order of their creation; the first of a currency is its default. */
export class Accounts {
  /** Called for every new row of every ledger. */
  moved: ((accountId: string, row: LedgerRow) => void) | undefined;
  readonly #byId = new Map<string, Account>();

  /**
   * Opens an empty account.
   *
   * @throws {Refusal} ErrAccountLimit beyond ten accounts in one currency
   */
  open(id: string, { currency, name }: { readonly currency: string; readonly name: string }): Account {
    if (this.#inCurrency(currency).length >= MAX_ACCOUNTS_PER_CURRENCY) throw new Refusal("ErrAccountLimit");
    const account = { id, currency, name, ledger: new Ledger((row) => this.moved?.(id, row)) };
    this.#byId.set(id, account);
    return account;
  }

  /** All accounts. */
  all(): readonly Account[] {
    return [...this.#byId.values()];
  }

  /** @throws {Refusal} ErrAccountNotFound */
  get(id: string): Account {
    const account = this.#byId.get(id);
    if (account === undefined) throw new Refusal("ErrAccountNotFound");
    return account;
  }

  /** The default account; `undefined` when the user has none in this currency. */
  defaultIn(currency: string): Account | undefined {
    return this.#inCurrency(currency)[0];
  }

  #inCurrency(currency: string): Account[] {
    return this.all().filter((account) => account.currency === currency);
  }
}

/** Binds accounts to exchanges: one exchange, or one key of it, belongs to one account. */

/** All bindings. Every operation rejects with a `StoreError` when it fails. */
export interface Accounts {
  /** Binds an account to this exchange, unless one of them is already bound otherwise. */
  bind(account: string, exchange: string): Promise<AccountBinding>;
  /** The exchange that an account is bound to; `undefined` if it is not bound. */
  exchangeOf(account: string): Promise<string | undefined>;
}

/** The result of binding an account to an exchange; when refused, with the recorded binding. */
export type AccountBinding =
  | { readonly ok: true }
  /** The account is bound to another exchange. */
  | { readonly ok: false; readonly exchange: string }
  /** The exchange is bound to another account. */
  | { readonly ok: false; readonly account: string };

/** A recorded binding. */
export interface AccountRow {
  readonly id: string;
  readonly exchange: string;
}

/**
 * The result of an insert that fails when the account or the exchange is already bound; `rows`: the existing bindings
 * of the two.
 */
export function accountBinding(
  { id, exchange }: AccountRow,
  rows: readonly AccountRow[],
): AccountBinding {
  const own = rows.find((row) => row.id === id);
  if (own !== undefined) return own.exchange === exchange ? { ok: true } : { ok: false, exchange: own.exchange };
  const other = rows.find((row) => row.exchange === exchange);
  if (other === undefined) throw new TypeError(`Cannot tell whose ${exchange} is as the record has no row of it`);
  return { ok: false, account: other.id };
}

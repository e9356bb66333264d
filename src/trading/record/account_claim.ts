/** At which exchange an account is: one exchange, or one key of it, is one account's. */

/** What claiming an exchange for an account comes to; where it is not claimed, what the record has instead. */
export type AccountClaim =
  | { readonly ok: true }
  /** The account is at another exchange. */
  | { readonly ok: false; readonly exchange: string }
  /** The exchange is another account's. */
  | { readonly ok: false; readonly account: string };

/** What the record has of the accounts that are concerned. */
export interface AccountRow {
  readonly id: string;
  readonly exchange: string;
}

/** What a claim comes to that wrote its row unless the account or the exchange has one; `rows`: those of the two. */
export function accountClaim(
  { id, exchange }: AccountRow,
  rows: readonly AccountRow[],
): AccountClaim {
  const own = rows.find((row) => row.id === id);
  if (own !== undefined) return own.exchange === exchange ? { ok: true } : { ok: false, exchange: own.exchange };
  const other = rows.find((row) => row.exchange === exchange);
  if (other === undefined) throw new TypeError(`Cannot tell whose ${exchange} is as the record has no row of it`);
  return { ok: false, account: other.id };
}

/** Who trades, and on which account. */

/** An identity that may place orders; policy, previews and limits are kept for each of them apart. */
export interface Trader {
  /** `local`, `key:NAME`, `token:SUBJECT`, `cert:SAN` or `address:IP`. */
  readonly identity: string;
  /** The id of the account that its orders are placed on. */
  readonly account: string;
}

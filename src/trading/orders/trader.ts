/** Who trades, and on which exchange. */

/** An identity that may place orders; policy, previews and limits are kept for each of them apart. */
export interface Trader {
  /** `local`, `key:NAME`, `token:SUBJECT`, `cert:SAN` or `address:IP`. */
  readonly identity: string;
  /** Whether its orders are paper ones, which never reach the exchange. */
  readonly paper: boolean;
}

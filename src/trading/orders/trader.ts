/** An identity and the account on which it trades. */

/** An identity that may place orders; policy, previews and limits are kept separately for each. */
export interface Trader {
  /** `local`, `key:NAME`, `token:SUBJECT`, `cert:SAN` or `address:IP`. */
  readonly identity: string;
  /** The id of the account on which its orders are placed. */
  readonly account: string;
}

/** Schemas of deposit addresses, networks, withdrawals and transfers. `wire_types.ts` has the rules for reading values. */

import { z } from "zod";
import {
  Amount,
  Code,
  counted,
  Decimal,
  DecimalOrZero,
  Id,
  IdOrEmpty,
  Integer,
  IntegerOrZero,
  list,
  rows,
  Text,
  Timestamp,
  TimestampOrZero,
  word,
} from "./wire_types.ts";

/** A deposit address; tags and memos are in `address_meta`. */
export const FundingAddress = z.object({
  asset: Code,
  address: z.string(),
  name: Text,
  account_id: IdOrEmpty,
  network: IntegerOrZero,
  assigned_at: TimestampOrZero,
  address_meta: list(z.object({ label: Text, value: Text })),
  qr_code_uri: Text,
  receive_fee: DecimalOrZero,
  total_received: DecimalOrZero,
  total_unconfirmed: DecimalOrZero,
});
export type FundingAddress = z.output<typeof FundingAddress>;

/** A network over which a currency can be sent; network 0 exists. */
export const SendNetwork = z.object({ id: Integer, name: Text, native_currency: Text });
export type SendNetwork = z.output<typeof SendNetwork>;

/** Answer of `listSendNetworks`. */
export const SendNetworkList = counted(z.object({ networks: rows(SendNetwork) }));
export type SendNetworkList = z.output<typeof SendNetworkList>;

/** Answer of `getSendFee`. */
export const SendFee = z.object({ currency: Code, fee: Decimal });
export type SendFee = z.output<typeof SendFee>;

/** A withdrawal to a bank; `transfer_id` is set once it is complete, else `""`. */
export const Withdrawal = z.object({
  id: Id,
  status: word(["PENDING", "PROCESSING", "COMPLETED", "CANCELLED", "WAITING", "CANCELLING"]),
  type: Text,
  currency: Code,
  amount: Decimal,
  fee: DecimalOrZero,
  created_at: Timestamp,
  external_id: Text,
  transfer_id: IdOrEmpty,
});
export type Withdrawal = z.output<typeof Withdrawal>;

/** Answer of `listWithdrawals`. */
export const WithdrawalList = counted(z.object({ withdrawals: rows(Withdrawal) }));
export type WithdrawalList = z.output<typeof WithdrawalList>;

/** A confirmed deposit to or withdrawal from one account, in its currency; `amount` is positive and net of `fee`. */
export const Transfer = z.object({
  id: Id,
  amount: Amount,
  fee: DecimalOrZero,
  inbound: z.boolean(),
  created_at: Timestamp,
  /** The id on the blockchain; `""` for a bank or card. */
  transaction_id: Text,
});
export type Transfer = z.output<typeof Transfer>;

/** Answer of `listTransfers`, newest first. */
export const TransferList = counted(z.object({ transfers: rows(Transfer) }));
export type TransferList = z.output<typeof TransferList>;

/** A user on whose behalf the key may act. */
export const LinkedUser = z.object({
  user_id: Id,
  label: Text,
  permissions: list(z.union([z.string(), z.number().transform(String)])),
  created_at: TimestampOrZero,
});
export type LinkedUser = z.output<typeof LinkedUser>;

/** Answer of `listLinkedUsers`. */
export const LinkedUserList = counted(z.object({ users: rows(LinkedUser) }));
export type LinkedUserList = z.output<typeof LinkedUserList>;

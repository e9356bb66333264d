/** Schemas of accounts, their ledgers, moves and beneficiaries. `wire_types.ts` has the rules for reading values. */

import { z } from "zod";
import {
  AmountOrZero,
  Code,
  CodeOrEmpty,
  counted,
  Decimal,
  DecimalOrZero,
  Flag,
  Id,
  IdOrEmpty,
  IntegerOrZero,
  rows,
  Text,
  Timestamp,
  TimestampOrZero,
  word,
} from "./wire_types.ts";

/** Answer of `createAccount`. */
export const Account = z.object({ id: Id, currency: Code, name: Text });
export type Account = z.output<typeof Account>;

/** An answer that only reports success. */
export const Success = z.object({ success: z.boolean() });
export type Success = z.output<typeof Success>;

/**
 * One account. Available is `balance` less `reserved`: the documentation calls `balance` the available amount, but the
 * ledger and other clients show that it includes what is reserved.
 */
export const Balance = z.object({
  account_id: Id,
  asset: Code,
  balance: Decimal,
  reserved: Decimal,
  /** Incoming, not yet credited. */
  unconfirmed: DecimalOrZero,
  name: Text,
});
export type Balance = z.output<typeof Balance>;

/** Answer of `getBalances`; an asset may have several accounts. */
export const BalanceList = counted(z.object({ balance: rows(Balance) }));
export type BalanceList = z.output<typeof BalanceList>;

const CryptoDetails = z.object({ address: Text, txid: Text }).nullish()
  .transform((details) => details && (details.address !== "" || details.txid !== "") ? details : null);

const TradeDetails = z.object({
  pair: CodeOrEmpty,
  price: AmountOrZero,
  sequence: IntegerOrZero,
  volume: AmountOrZero,
})
  .nullish().transform((details) => details && details.pair !== "" ? details : null);

const DetailFields = z.object({ crypto_details: CryptoDetails, trade_details: TradeDetails }).nullish()
  .transform((fields) => fields ?? { crypto_details: null, trade_details: null });

/**
 * One row of an account's ledger. Rows count from 1, the oldest, and never change; a pending one has no stable number.
 * `description` and `details` are text for people, not to be parsed.
 */
export const Transaction = z.object({
  row_index: IntegerOrZero,
  timestamp: Timestamp,
  account_id: IdOrEmpty,
  currency: Code,
  balance: Decimal,
  available: Decimal,
  balance_delta: Decimal,
  available_delta: Decimal,
  description: Text,
  kind: word(["FEE", "TRANSFER", "EXCHANGE", "INTEREST"]),
  /** Shared by all rows of one event, such as both legs of a trade and its fee. */
  reference: Text,
  details: z.record(z.string(), z.string()).nullish().transform((details) => details ?? {}),
  /** Parts that do not apply are `null`. */
  detail_fields: DetailFields,
});
export type Transaction = z.output<typeof Transaction>;

/** Answer of `listTransactions`; rows without `account_id` belong to `id`. */
export const TransactionList = counted(z.object({ id: Id, transactions: rows(Transaction) }));
export type TransactionList = z.output<typeof TransactionList>;

/** Answer of `listPendingTransactions`. */
export const PendingTransactionList = counted(z.object({
  id: Id,
  name: Text,
  currency: Text,
  pending: rows(Transaction),
  transactions: rows(Transaction),
}));
export type PendingTransactionList = z.output<typeof PendingTransactionList>;

/** Funds on their way between two own accounts of one currency. */
export const Move = z.object({
  id: Id,
  client_move_id: Text,
  amount: Decimal,
  debit_account_id: Id,
  credit_account_id: Id,
  status: word(["CREATED", "MOVING", "SUCCESSFUL", "FAILED"]),
  created_at: Timestamp,
  updated_at: TimestampOrZero,
});
export type Move = z.output<typeof Move>;

/** Answer of `listMoves`, newest first. */
export const MoveList = counted(z.object({ moves: rows(Move) }));
export type MoveList = z.output<typeof MoveList>;

/** A bank account that withdrawals may be paid to. */
export const Beneficiary = z.object({
  id: Id,
  /** SWIFT code. */
  bank_name: Text,
  bank_account_number: Text,
  bank_account_type: Text,
  bank_account_branch: Text,
  bank_country: Text,
  bank_recipient: Text,
  created_at: TimestampOrZero,
  supports_fast_withdrawals: Flag,
});
export type Beneficiary = z.output<typeof Beneficiary>;

/** Answer of `listBeneficiaries`. */
export const BeneficiaryList = counted(z.object({ beneficiaries: rows(Beneficiary) }));
export type BeneficiaryList = z.output<typeof BeneficiaryList>;

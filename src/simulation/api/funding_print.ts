/** The records of deposits, withdrawals and transfers in the exchange's form. */

import Big from "big.js";
import type { Beneficiary, FundingAddress, Move, Transfer, Withdrawal } from "../funding/funding.ts";
import { printDecimal } from "./print_numbers.ts";
import type { Simulation } from "../simulation.ts";

/** One transfer. */
export function printTransfer({ id, amount, fee, inbound, createdAt, transactionId }: Transfer): object {
  return {
    id,
    amount: printDecimal(amount),
    fee: printDecimal(fee),
    inbound,
    created_at: createdAt,
    transaction_id: transactionId,
  };
}

/** One withdrawal. */
export function printWithdrawal(withdrawal: Withdrawal): object {
  return {
    id: String(withdrawal.id),
    status: withdrawal.status,
    type: withdrawal.type,
    currency: withdrawal.currency,
    amount: printDecimal(withdrawal.amount),
    fee: printDecimal(withdrawal.fee),
    created_at: withdrawal.createdAt,
    external_id: withdrawal.externalId,
    transfer_id: withdrawal.transferId,
  };
}

/** One bank account. */
export function printBeneficiary(beneficiary: Beneficiary): object {
  return {
    id: beneficiary.id,
    bank_name: beneficiary.bankName,
    bank_account_number: beneficiary.accountNumber,
    bank_account_type: beneficiary.accountType,
    bank_account_branch: beneficiary.branch,
    bank_country: beneficiary.country,
    bank_recipient: beneficiary.recipient,
    created_at: beneficiary.createdAt,
    supports_fast_withdrawals: beneficiary.fast,
  };
}

/** One move. */
export function printMove(move: Move): object {
  return {
    id: move.id,
    client_move_id: move.clientMoveId,
    amount: printDecimal(move.amount),
    debit_account_id: move.debitAccountId,
    credit_account_id: move.creditAccountId,
    status: move.status,
    created_at: move.createdAt,
    updated_at: move.updatedAt,
  };
}

/** One receive address, with the total that its account received. */
export function printAddress({ funding, accounts }: Simulation, entry: FundingAddress): object {
  const account = accounts.get(entry.accountId);
  // The first address of an account received all its deposits; a newer one has received nothing yet.
  const isFirst = funding.addresses.find(({ accountId }) => accountId === account.id) === entry;
  const zero = printDecimal(new Big(0));
  const shown = (amount: Big) => isFirst ? printDecimal(amount) : zero;
  return {
    asset: entry.asset,
    address: entry.address,
    name: entry.name,
    account_id: entry.accountId,
    network: entry.network,
    assigned_at: entry.assignedAt,
    address_meta: [
      { label: "Address", value: entry.address },
      ...(entry.tag === null ? [] : [{ label: "XRP Tag", value: entry.tag }]),
    ],
    qr_code_uri: `simulated:${entry.address}`,
    receive_fee: zero,
    total_received: shown(funding.received(account.id)),
    total_unconfirmed: shown(funding.unconfirmed(account.id)),
  };
}

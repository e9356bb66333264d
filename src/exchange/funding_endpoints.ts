/** Deposits, withdrawals and transfers, as far as they can be read or prepared. */

import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { CurrencyCode, IntegerId, Limit, Milliseconds, PositiveDecimal, ShortText } from "./request_params.ts";
import { Success } from "./account_schemas.ts";
import {
  FundingAddress,
  LinkedUserList,
  SendFee,
  SendNetworkList,
  TransferList,
  Withdrawal,
  WithdrawalList,
} from "./funding_schemas.ts";

/** Addresses, fees, withdrawals and transfers. */
export const fundingEndpoints = {
  /** Without `address`, the default one. */
  getFundingAddress: endpoint({
    title: "Read a receive address",
    method: "GET",
    path: "/api/1/funding_address",
    permission: "Perm_R_Addresses",
    priority: "account",
    params: z.strictObject({
      asset: CurrencyCode,
      address: ShortText.optional(),
      network: z.int().nonnegative().optional(),
    }),
    answer: FundingAddress,
  }),

  /** Limited by the exchange to about one per hour, ten in a burst. */
  createFundingAddress: endpoint({
    title: "Create a receive address",
    method: "POST",
    path: "/api/1/funding_address",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({
      asset: CurrencyCode,
      name: ShortText.optional(),
      account_id: IntegerId.optional(),
      network: z.int().nonnegative().optional(),
    }),
    answer: FundingAddress,
  }),

  /** Registers travel-rule data; `destination_tag` counts only with `has_destination_tag`, also for tag 0. */
  validateAddress: endpoint({
    title: "Register the details of a destination address",
    method: "POST",
    path: "/api/1/address/validate",
    permission: "Perm_W_Send",
    priority: "account",
    params: z.strictObject({
      address: ShortText,
      currency: CurrencyCode,
      address_name: ShortText.optional(),
      has_destination_tag: z.boolean().optional(),
      destination_tag: z.int().nonnegative().optional(),
      memo: ShortText.optional(),
      is_self_send: z.boolean().optional(),
      is_private_wallet: z.boolean().optional(),
      wallet_name: ShortText.optional(),
      is_legal_entity: z.boolean().optional(),
      beneficiary_name: ShortText.optional(),
      institution_name: ShortText.optional(),
      country: ShortText.optional(),
      nationality: ShortText.optional(),
      physical_address: ShortText.optional(),
      date_of_birth: z.iso.date().optional(),
    }).refine((target) => target.destination_tag === undefined || target.has_destination_tag === true, {
      path: ["has_destination_tag"],
      message: "must be true when destination_tag is given",
    }),
    answer: Success,
  }),

  listSendNetworks: endpoint({
    title: "List the networks of a currency",
    method: "GET",
    path: "/api/1/send/networks",
    permission: "any",
    priority: "account",
    params: z.strictObject({ currency: CurrencyCode }),
    answer: SendNetworkList,
  }),

  getSendFee: endpoint({
    title: "Read the fee of a send",
    method: "GET",
    path: "/api/1/send_fee",
    permission: "any",
    priority: "account",
    params: z.strictObject({ amount: PositiveDecimal, currency: CurrencyCode, address: ShortText }),
    answer: SendFee,
  }),

  /** `before_id` is *inclusive*: drop the first row of each further page. */
  listWithdrawals: endpoint({
    title: "List the withdrawals",
    method: "GET",
    path: "/api/1/withdrawals",
    permission: "Perm_R_Withdrawals",
    priority: "account",
    params: z.strictObject({ before_id: IntegerId.optional(), limit: Limit.optional() }),
    answer: WithdrawalList,
  }),

  getWithdrawal: endpoint({
    title: "Read a withdrawal",
    method: "GET",
    path: "/api/1/withdrawals/{id}",
    permission: "Perm_R_Withdrawals",
    priority: "account",
    params: z.strictObject({ id: IntegerId }),
    answer: Withdrawal,
  }),

  /** Of one account, in its currency; trades and moves are not transfers. Page with `before` = last `created_at`. */
  listTransfers: endpoint({
    title: "List the transfers of an account",
    method: "GET",
    path: "/api/exchange/1/transfers",
    permission: "Perm_R_Transfers",
    priority: "account",
    params: z.strictObject({ account_id: IntegerId, before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: TransferList,
  }),

  /** Neither its permission nor its paging is documented. */
  listLinkedUsers: endpoint({
    title: "List the linked users",
    method: "GET",
    path: "/api/1/users/linked",
    permission: "any",
    priority: "account",
    params: z.strictObject({ limit: Limit.optional(), offset: z.int().nonnegative().optional() }),
    answer: LinkedUserList,
  }),
} as const;

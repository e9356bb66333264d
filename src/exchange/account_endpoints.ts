/** Accounts, their ledgers, and moves between them. */

import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { ClientId, CurrencyCode, exactlyOne, IntegerId, Limit, Milliseconds, ShortText } from "./request_params.ts";
import {
  Account,
  BalanceList,
  BeneficiaryList,
  Move,
  MoveList,
  PendingTransactionList,
  Success,
  TransactionList,
} from "./account_schemas.ts";

/** A span of more than 1000 rows is refused; with bounds of different sign only the exchange knows the span. */
const RowRange = z.strictObject({ id: IntegerId, min_row: z.int(), max_row: z.int() }).refine(
  ({ min_row, max_row }) => (min_row > 0) !== (max_row > 0) || max_row - min_row <= 1000,
  { path: ["max_row"], message: "must be at most 1000 above min_row" },
);

/** The accounts of the key's owner. */
export const accountEndpoints = {
  createAccount: endpoint({
    title: "Create an account",
    method: "POST",
    path: "/api/1/accounts",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({ currency: CurrencyCode, name: ShortText }),
    answer: Account,
  }),

  updateAccountName: endpoint({
    title: "Rename an account",
    method: "PUT",
    path: "/api/1/accounts/{id}/name",
    permission: "Perm_W_Addresses",
    priority: "account",
    params: z.strictObject({ id: IntegerId, name: ShortText }),
    answer: Success,
  }),

  /** Pending rows have no stable number and may change or vanish. */
  listPendingTransactions: endpoint({
    title: "List the pending transactions of an account",
    method: "GET",
    path: "/api/1/accounts/{id}/pending",
    permission: "Perm_R_Transactions",
    priority: "account",
    params: z.strictObject({ id: IntegerId }),
    answer: PendingTransactionList,
  }),

  /**
   * Rows count from 1, the oldest. `min_row` is inclusive, `max_row` exclusive; a value <= 0 counts back from the
   * newest, with 0 for one past it: `-100` to `0` are the latest hundred. The order of rows in an answer is not
   * documented.
   */
  listTransactions: endpoint({
    title: "List the transactions of an account",
    method: "GET",
    path: "/api/1/accounts/{id}/transactions",
    permission: "Perm_R_Transactions",
    priority: "account",
    params: RowRange,
    answer: TransactionList,
  }),

  getBalances: endpoint({
    title: "Read the balances",
    method: "GET",
    path: "/api/1/balance",
    permission: "Perm_R_Balance",
    priority: "account",
    params: z.strictObject({ assets: z.array(CurrencyCode).max(500).optional() }),
    answer: BalanceList,
  }),

  getMove: endpoint({
    title: "Read a move between accounts",
    method: "GET",
    path: "/api/exchange/1/move",
    permission: "any",
    priority: "account",
    params: z.strictObject({ id: IntegerId.optional(), client_move_id: ClientId.optional() }).refine(
      ({ id, client_move_id }) => exactlyOne(id, client_move_id),
      { path: ["id"], message: "expected exactly one of id and client_move_id" },
    ),
    answer: Move,
  }),

  listMoves: endpoint({
    title: "List the moves between accounts",
    method: "GET",
    path: "/api/exchange/1/move/list_moves",
    permission: "any",
    priority: "account",
    params: z.strictObject({ before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: MoveList,
  }),

  /** `bank_recipient` filters by name, with `*` at either end. */
  listBeneficiaries: endpoint({
    title: "List the bank beneficiaries",
    method: "GET",
    path: "/api/1/beneficiaries",
    permission: "Perm_R_Beneficiaries",
    priority: "account",
    params: z.strictObject({ bank_recipient: ShortText.optional() }),
    answer: BeneficiaryList,
  }),
} as const;

/** The description of one endpoint of the exchange, as data. */

import type { z } from "zod";
import type { RequestParams } from "./request_params.ts";

/** What an endpoint requires: no key at all (`none`), any valid key (`any`), or a key with one permission. */
export type Permission =
  | "none"
  | "any"
  | "Perm_R_Balance"
  | "Perm_R_Transactions"
  | "Perm_W_Send"
  | "Perm_R_Addresses"
  | "Perm_W_Addresses"
  | "Perm_R_Orders"
  | "Perm_W_Orders"
  | "Perm_R_Withdrawals"
  | "Perm_R_Beneficiaries"
  | "Perm_R_Transfers";

/** The priority of a call when calls are scarce: cancel, order, account, market. */
export type Priority = "cancel" | "order" | "account" | "market";

/** One endpoint. */
export interface Endpoint<
  Params extends z.ZodType<RequestParams> = z.ZodType<RequestParams>,
  Answer extends z.ZodType = z.ZodType,
> {
  /** What the call does, in the imperative: "Read the ticker of one pair". */
  readonly title: string;
  /** A `GET` is a read and may be repeated; any other method is a write and is sent exactly once. */
  readonly method: "GET" | "POST" | "PUT";
  /** `{id}` is replaced by the parameter of that name. */
  readonly path: `/api/${string}`;
  readonly permission: Permission;
  readonly priority: Priority;
  readonly params: Params;
  readonly answer: Answer;
  /**
   * Total deadline of one call, including waiting and repeating.
   *
   * @default {10_000}
   */
  readonly timeoutMs?: number;
}

/** Returns its argument; the type parameters infer the shapes of parameters and answer. */
export function endpoint<Params extends z.ZodType<RequestParams>, Answer extends z.ZodType>(
  row: Endpoint<Params, Answer>,
): Endpoint<Params, Answer> {
  return row;
}

/** What one endpoint of the exchange is, as data. */

import type { z } from "zod";
import type { RequestParams } from "./request_params.ts";

/** What a key must be allowed to do: nothing (`none`: no key at all), being valid (`any`), or one permission bit. */
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

/** Who goes first when calls are scarce: cancel, order, account, market. */
export type Priority = "cancel" | "order" | "account" | "market";

/** One endpoint. */
export interface Endpoint<
  Params extends z.ZodType<RequestParams> = z.ZodType<RequestParams>,
  Answer extends z.ZodType = z.ZodType,
> {
  /** What the call does, in the imperative: "Read the ticker of one pair". */
  readonly title: string;
  /** A `GET` is a read and may be repeated; everything else is a write and is sent exactly once. */
  readonly method: "GET" | "POST" | "PUT";
  /** `{id}` stands for the parameter of that name. */
  readonly path: `/api/${string}`;
  readonly permission: Permission;
  readonly priority: Priority;
  readonly params: Params;
  readonly answer: Answer;
  /**
   * Total deadline of one call, waiting and repeating included.
   *
   * @default {10_000}
   */
  readonly timeoutMs?: number;
}

/** Answers its argument; the type parameters keep the shapes of parameters and answer. */
export function endpoint<Params extends z.ZodType<RequestParams>, Answer extends z.ZodType>(
  row: Endpoint<Params, Answer>,
): Endpoint<Params, Answer> {
  return row;
}

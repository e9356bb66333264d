/**
 * Requests to cancel everything that is open, as a halt may bring one: each stands in the record until no order is open
 * any more, whatever becomes of the process that works on it. One process at a time does so, and after each
 * round any of them may go on: another one may have the better key or connection.
 */

import { z } from "zod";
import { cleanText } from "../../text/clean_text.ts";
import { kindOf } from "../orders/trading_account.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that was not seen final; under one of its ids at least. */
export interface RemainingOrder {
  readonly order_id?: string | undefined;
  readonly client_order_id?: string | undefined;
  /** Stable code. */
  readonly reason: string;
}

/** One request, and how far it has come. Times are wall milliseconds. */
export interface CancelRequest {
  /** The id of the account whose open orders are to be cancelled; one request of each at a time. */
  readonly account: string;
  /** Which one it is, where the same is requested again. */
  readonly number: number;
  readonly by: string;
  readonly requestedAt: number;
  /** The instance that works on it or has last; `null` before one does. */
  readonly instance: string | null;
  /** When the round began that is running; `null` between rounds. */
  readonly begunAt: number | null;
  /** How often it was tried. */
  readonly rounds: number;
  /** When the last round ended. */
  readonly triedAt: number | null;
  /** What was still open then; the first hundred. */
  readonly remaining: readonly RemainingOrder[];
  /** Why the exchange's list could not be read in the last round, so that more may be open. */
  readonly unlisted: string | null;
  /** When nothing was open any more. */
  readonly doneAt: number | null;
}

/** What one round came to. */
export interface RoundOutcome {
  readonly remaining: readonly RemainingOrder[];
  readonly unlisted: string | null;
  /** Nothing is open, and nothing that may be is on its way. */
  readonly isDone: boolean;
}

/** How a request is taken up. */
export interface TakingUp {
  /** Also from an instance that lives. @default false */
  readonly fromLiving?: boolean | undefined;
  /** Wall milliseconds. */
  readonly now: number;
}

/** The requests of one record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface CancelRequests {
  /** All that were made since trading was allowed last. */
  all(): Promise<readonly CancelRequest[]>;
  /** Those of these accounts that are not completed. */
  open(accounts: readonly string[]): Promise<readonly CancelRequest[]>;
  /** Takes a request up for an instance for one round, unless another one that lives is at one. */
  claim(request: Pick<CancelRequest, "account" | "number">, instance: string, how: TakingUp): Promise<boolean>;
  /** Writes what a round came to; nothing when the request was made again or withdrawn meanwhile. */
  note(request: Pick<CancelRequest, "account" | "number">, outcome: RoundOutcome, now: number): Promise<void>;
}

/** A round that takes longer may be of a process that stands still; that an order is cancelled twice does no harm. */
const LONGEST_ROUND_MS = 300_000;

const MAX_REMAINING = 100;

/** What of the orders that remain is written down. */
export const RemainingOrders = z.array(z.object({
  order_id: z.string().exactOptional(),
  client_order_id: z.string().exactOptional(),
  reason: z.string(),
}));

/** Whether an instance may take up a request that is not completed; `isHolderAlive`: of the instance that has it. */
export function mayTakeUp(
  { instance: holder, begunAt }: Pick<CancelRequest, "instance" | "begunAt">,
  instance: string,
  { fromLiving = false, isHolderAlive, now }: TakingUp & { readonly isHolderAlive: boolean },
): boolean {
  const isOthers = holder !== null && holder !== instance;
  const isRunning = begunAt !== null && now - begunAt < LONGEST_ROUND_MS;
  return !(isOthers && isRunning && !fromLiving && isHolderAlive);
}

/** What is kept of the orders that remain. */
export function keptOf(remaining: readonly RemainingOrder[]): RemainingOrder[] {
  return remaining.slice(0, MAX_REMAINING).map((order) => ({ ...order, reason: cleanText(order.reason) }));
}

/** The row of a request that is completed by this round. */
export function completedEvent({ account, by, rounds }: Pick<CancelRequest, "account" | "by" | "rounds">): AuditEvent {
  const data = { orders: kindOf(account), done: true, rounds: rounds + 1 };
  return { event: "cancel_open", identity: by, account, data };
}

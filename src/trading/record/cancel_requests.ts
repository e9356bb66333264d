/**
 * Requests to cancel everything that is open, for example from a halt: each is kept in the record until no order is
 * open, whatever happens to the process that works on it. One process at a time does so, and after each round any of
 * them may continue, as another may have a better key or connection.
 */

import { z } from "zod";
import { cleanText } from "../../text/clean_text.ts";
import { kindOf } from "../orders/trading_account.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that did not become final; has at least one id. */
export interface RemainingOrder {
  readonly order_id?: string | undefined;
  readonly client_order_id?: string | undefined;
  /** A stable code. */
  readonly reason: string;
}

/** One request, and its progress. Times are wall clock milliseconds. */
export interface CancelRequest {
  /** The id of the account whose open orders are to be cancelled; there is one request per account. */
  readonly account: string;
  /** Increases when the request is made again. */
  readonly number: number;
  readonly by: string;
  readonly requestedAt: number;
  /** The instance that works on it or did so last; `null` before the first. */
  readonly instance: string | null;
  /** When the running round began; `null` between rounds. */
  readonly begunAt: number | null;
  /** The number of rounds. */
  readonly rounds: number;
  /** When the last round ended. */
  readonly triedAt: number | null;
  /** The orders that were still open then; the first hundred. */
  readonly remaining: readonly RemainingOrder[];
  /** Why the exchange's list could not be read in the last round, so that more may be open. */
  readonly unlisted: string | null;
  /** When nothing was open any more. */
  readonly doneAt: number | null;
}

/** The result of one round. */
export interface RoundOutcome {
  readonly remaining: readonly RemainingOrder[];
  readonly unlisted: string | null;
  /** Nothing is open, and no order in flight may become open. */
  readonly isDone: boolean;
}

/** The conditions for taking up a request. */
export interface TakingUp {
  /**
   * Also from a live instance.
   *
   * @default false
   */
  readonly fromLiving?: boolean | undefined;
  /** Wall milliseconds. */
  readonly now: number;
}

/** The requests of one record. Every operation rejects with a `StoreError` when it fails. */
export interface CancelRequests {
  /** All requests since trading was last resumed. */
  all(): Promise<readonly CancelRequest[]>;
  /** The incomplete requests of these accounts. */
  open(accounts: readonly string[]): Promise<readonly CancelRequest[]>;
  /** Takes a request for an instance for one round, unless a live one is working on it. */
  claim(request: Pick<CancelRequest, "account" | "number">, instance: string, how: TakingUp): Promise<boolean>;
  /** Stores the result of a round; has no effect when the request was repeated or withdrawn meanwhile. */
  note(request: Pick<CancelRequest, "account" | "number">, outcome: RoundOutcome, now: number): Promise<void>;
}

/** A longer round may be that of a stopped process; cancelling an order twice is harmless. */
const LONGEST_ROUND_MS = 300_000;

const MAX_REMAINING = 100;

/** The stored form of the remaining orders. */
export const RemainingOrders = z.array(z.object({
  order_id: z.string().exactOptional(),
  client_order_id: z.string().exactOptional(),
  reason: z.string(),
}));

/** Whether an instance may take an incomplete request; `isHolderAlive`: whether the instance that has it is live. */
export function mayTakeUp(
  { instance: holder, begunAt }: Pick<CancelRequest, "instance" | "begunAt">,
  instance: string,
  { fromLiving = false, isHolderAlive, now }: TakingUp & { readonly isHolderAlive: boolean },
): boolean {
  const isOthers = holder !== null && holder !== instance;
  const isRunning = begunAt !== null && now - begunAt < LONGEST_ROUND_MS;
  return !(isOthers && isRunning && !fromLiving && isHolderAlive);
}

/** The part of the remaining orders that is stored. */
export function keptOf(remaining: readonly RemainingOrder[]): RemainingOrder[] {
  return remaining.slice(0, MAX_REMAINING).map((order) => ({ ...order, reason: cleanText(order.reason) }));
}

/** The audit row of a request that this round completed. */
export function completedEvent({ account, by, rounds }: Pick<CancelRequest, "account" | "by" | "rounds">): AuditEvent {
  const data = { orders: kindOf(account), done: true, rounds: rounds + 1 };
  return { event: "cancel_open", identity: by, account, data };
}

/** What a caller is told of a placement. Never "failed" for an order that may exist. */

import { clauseOf, isErrorCode } from "../../errors/error_table.ts";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { cannot } from "../../exchange/refusals.ts";
import { isPaper } from "../orders/trading_account.ts";
import type { Placement } from "../record/recorded_placement.ts";

/** Fields of every placement that was written into the journal. */
interface Known {
  readonly client_order_id: string;
  /** Present for a paper order. */
  readonly paper?: true;
  /** Present when an earlier call with the same idempotency key has placed it. */
  readonly repeated?: true;
}

/** The order exists. */
export interface PlacedResult extends Known {
  readonly status: "placed";
  readonly order_id: string;
}

/** The order does not exist and will not come. */
export interface NotPlacedResult extends Known {
  readonly status: "not_placed";
  /** Stable code, as it was written: perhaps by another version. */
  readonly reason: string;
  readonly message: string;
  readonly retry_after_ms?: number;
}

/** The order may exist: ask for it before placing another one. */
export interface UnknownResult extends Known {
  readonly status: "unknown";
  readonly reason: string;
  readonly message: string;
}

/** This call has sent nothing, and no placement of it was begun. */
export interface RefusedResult {
  readonly status: "refused";
  readonly reason: ToolErrorCode;
  readonly message: string;
  readonly retry_after_ms?: number;
}

/** How a placement stands that was written into the journal. */
export type JournalledResult = PlacedResult | NotPlacedResult | UnknownResult;

/** What became of one call. */
export type PlacementResult = JournalledResult | RefusedResult;

/** What stands in place of the journal's words where more is known. */
export interface Telling {
  readonly message?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly isRepeated?: boolean;
}

/** Refuses a call. */
export function refuse(reason: ToolErrorCode, message: string, retryAfterMs?: number): RefusedResult {
  return { status: "refused", reason, message, ...waiting(retryAfterMs) };
}

/** Refusals before anything was begun that say nothing of the order: the same call may be made again in time. */
const PASSING: ReadonlySet<string> = new Set<ToolErrorCode>([
  "ERR_CANCELLED",
  "ERR_RECOVERING",
  "ERR_RECORD_FAILED",
  "ERR_BUDGET_EXHAUSTED",
  "ERR_UNAVAILABLE",
  "ERR_CLOCK_UNKNOWN",
]);

/** Whether a call came to nothing for a reason that passes, so that what it took is its caller's again. */
export function isPassing({ status, reason }: { readonly status: string; readonly reason?: string }): boolean {
  return status === "refused" && reason !== undefined && PASSING.has(reason);
}

/** Tells how a placement stands in the journal. */
export function tell(
  placement: Placement,
  { message, retryAfterMs, isRepeated = false }: Telling = {},
): JournalledResult {
  const { clientOrderId, state, orderId, account } = placement;
  const reason = placement.reason ?? "ERR_UNDER_WAY";
  const known: Known = {
    client_order_id: clientOrderId,
    ...(isPaper(account) ? { paper: true } : {}),
    ...(isRepeated ? { repeated: isRepeated } : {}),
  };
  if (state === "placed" && orderId !== null) return { status: "placed", ...known, order_id: orderId };
  if (state === "not_placed") {
    return { status: "not_placed", ...known, reason, message: message ?? sentenceOf(reason), ...waiting(retryAfterMs) };
  }
  return { status: "unknown", ...known, reason, message: unknownSentence(clientOrderId) };
}

/** The sentence for an order that was sent in vain. */
export function absentSentence(reason: string): string {
  const why = `its request got no good answer (${reason}), and the exchange does not have it and takes it no more`;
  return cannot({ title: "Place the order" }, `${why}: preview it again`);
}

/** The sentence for an order that may exist. */
function unknownSentence(clientOrderId: string): string {
  return `Whether order ${clientOrderId} was placed is not known yet, and it may exist: ` +
    "look it up by this client order id before placing another one";
}

function sentenceOf(reason: string): string {
  return cannot({ title: "Place the order" }, isErrorCode(reason) ? clauseOf(reason) : `it was refused (${reason})`);
}

function waiting(retryAfterMs: number | undefined): { readonly retry_after_ms?: number } {
  return retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(retryAfterMs) };
}

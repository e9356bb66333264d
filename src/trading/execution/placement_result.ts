/** The result of a placement for the caller. Never "failed" for an order that may exist. */

import { clauseOf, ERRORS, isErrorCode } from "../../errors/error_table.ts";
import type { ErrorCode, ToolErrorCode } from "../../errors/error_table.ts";
import { cannot } from "../../exchange/refusals.ts";
import { isPaper } from "../orders/trading_account.ts";
import type { Placement } from "../record/recorded_placement.ts";

/** Fields of every placement in the journal. */
interface Known {
  readonly client_order_id: string;
  /** Present for a paper order. */
  readonly paper?: true;
  /** Present when an earlier call with the same idempotency key placed it. */
  readonly repeated?: true;
}

/** The order exists. */
export interface PlacedResult extends Known {
  readonly status: "placed";
  readonly order_id: string;
}

/** The order does not exist and never will. */
export interface NotPlacedResult extends Known {
  readonly status: "not_placed";
  /** The stable code, as it was recorded, possibly by another version. */
  readonly reason: string;
  readonly message: string;
  readonly retry_after_ms?: number;
}

/** The order may exist: look it up before you place another one. */
export interface UnknownResult extends Known {
  readonly status: "unknown";
  readonly reason: string;
  readonly message: string;
}

/** This call has sent nothing, and began no placement. */
export interface RefusedResult {
  readonly status: "refused";
  readonly reason: ToolErrorCode;
  readonly message: string;
  readonly retry_after_ms?: number;
}

/** The result of a placement in the journal. */
export type JournalledResult = PlacedResult | NotPlacedResult | UnknownResult;

/** The result of one call. */
export type PlacementResult = JournalledResult | RefusedResult;

/** Details that replace the journal's where more is known. */
export interface Telling {
  readonly message?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly isRepeated?: boolean;
}

/** Creates a refusal. */
export function refuse(reason: ToolErrorCode, message: string, retryAfterMs?: number): RefusedResult {
  return { status: "refused", reason, message, ...waiting(retryAfterMs) };
}

/** Refusals before the placement began that do not depend on the order: the same call may succeed later. */
const PASSING: ReadonlySet<string> = new Set<ToolErrorCode>([
  "ERR_CANCELLED",
  "ERR_RECOVERING",
  "ERR_RECORD_FAILED",
  "ERR_BUDGET_EXHAUSTED",
  "ERR_UNAVAILABLE",
  "ERR_CLOCK_UNKNOWN",
]);

/** Whether a call failed for a temporary reason, so that its preview or approval stays usable. */
export function isPassing({ status, reason }: { readonly status: string; readonly reason?: string }): boolean {
  return status === "refused" && reason !== undefined && PASSING.has(reason);
}

/** The result for a placement as it is in the journal. */
export function tell(
  placement: Placement,
  { message, retryAfterMs, isRepeated = false }: Telling = {},
): JournalledResult {
  const { clientOrderId, state, orderId, account, idempotencyKey } = placement;
  const reason = placement.reason ?? "ERR_UNDER_WAY";
  const known: Known = {
    client_order_id: clientOrderId,
    ...(isPaper(account) ? { paper: true } : {}),
    ...(isRepeated ? { repeated: isRepeated } : {}),
  };
  if (state === "placed" && orderId !== null) return { status: "placed", ...known, order_id: orderId };
  if (state === "not_placed") {
    const told = message ?? sentenceOf(reason);
    const sentence = isRepeated && idempotencyKey !== null ? `${told}; use a new idempotency key` : told;
    return { status: "not_placed", ...known, reason, message: sentence, ...waiting(retryAfterMs) };
  }
  return { status: "unknown", ...known, reason, message: unknownSentence(clientOrderId) };
}

/** The sentence for an order that was sent without effect. */
export function absentSentence(reason: string): string {
  const why = `its request got no good answer (${reason}), and the exchange does not have it and no longer accepts it`;
  return cannot({ title: "Place the order" }, `${why}: preview it again`);
}

/** The sentence for an order that may exist. */
function unknownSentence(clientOrderId: string): string {
  return `Whether order ${clientOrderId} was placed is not known yet, and it may exist: ` +
    "look it up by this client order id before placing another one";
}

/** The same call is not made again, so what helps against a passing failure is another one. */
function sentenceOf(reason: string): string {
  return cannot(
    { title: "Place the order" },
    isErrorCode(reason) ? whyNotPlaced(reason) : `it was refused (${reason})`,
  );
}

function whyNotPlaced(reason: ErrorCode): string {
  const { retry, meaning } = ERRORS[reason];
  return retry === "no" ? clauseOf(reason) : `${meaning}: preview it again`;
}

function waiting(retryAfterMs: number | undefined): { readonly retry_after_ms?: number } {
  return retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(retryAfterMs) };
}

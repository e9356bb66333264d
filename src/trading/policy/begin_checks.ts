/**
 * Whether an order may begin, as far as that depends on other orders and the state of trading. Pure: the record reads
 * the facts within the transaction that records the order, so that two callers cannot pass together.
 */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import { mayTradeTogether } from "../orders/self_trade.ts";
import type { OwnSide } from "../orders/self_trade.ts";
import type { Order } from "../orders/order.ts";
import { PREVIEW_REFUSALS, whyNotPlaceable } from "../orders/preview.ts";
import type { PreviewState } from "../orders/preview.ts";
import type { Worth } from "../orders/notional.ts";
import { haltSentence } from "./halt.ts";
import type { Halt } from "./halt.ts";
import { checkLimits } from "./limits.ts";
import type { Use } from "./limits.ts";
import type { Policy } from "./policy.ts";

/** Why a placement may not begin; the message says what to do. Only the audit row of the refusal was written. */
export interface Refused {
  readonly kind: "refused";
  readonly code: ToolErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** The order that is about to begin. */
export interface BeginningOrder {
  readonly identity: string;
  readonly order: Order;
  readonly notional: Worth | null;
  /**
   * The worst price at which a market order is expected to trade.
   *
   * @default null
   */
  readonly worstPrice?: string | null;
  /** The order that it replaces. */
  readonly replaces?: { readonly orderId: string } | undefined;
  /**
   * Whether it uses up a preview that its caller was shown.
   *
   * @default false
   */
  readonly takesPreview?: boolean | undefined;
}

/** Another order of the account that is on the book, in flight or of unknown outcome. */
export interface OwnOrderInRecord extends OwnSide {
  readonly clientOrderId: string;
  readonly orderId: string | null;
}

/** The record's facts for an order that is about to begin, all read at one moment. */
export interface BeginFacts {
  /** Whether trading is halted. */
  readonly halt: Halt;
  /** The version of the policy that was published to the record; `undefined` when none was. */
  readonly policyVersion: number | undefined;
  /** Whether the sending process is still registered, with a lease that has not expired. */
  readonly isInstanceListed: boolean;
  /** Whether the replaced order is still claimed by this call; `false` too when none is replaced. */
  readonly isClaimHeld: boolean;
  /** The placement that has used the preview. */
  readonly usedPreview: { readonly identity: string; readonly clientOrderId: string } | undefined;
  /** The state of the order's preview; `undefined` too when its caller was shown no such preview. */
  readonly shownPreview: PreviewState | undefined;
  /** The used part of the policy's limits, as queried by `useQueryOf()`. */
  readonly use: Use;
  /** Orders of the account on the other side of the pair, oldest first. */
  readonly opposite: readonly OwnOrderInRecord[];
}

/** Why an order may not begin, or `null`. */
export function checkBegin(
  entry: BeginningOrder,
  { facts, policy, now }: { readonly facts: BeginFacts; readonly policy: Policy; readonly now: number },
): Refused | null {
  const { halt, policyVersion, isInstanceListed, isClaimHeld, usedPreview: used, shownPreview, use, opposite } = facts;
  if (halt.halted) return refuse("ERR_TRADING_HALTED", haltSentence("place the order", halt));
  if (policy.version !== policyVersion) return replacedPolicy(policy, policyVersion);
  if (!isInstanceListed) {
    const message =
      "Cannot place the order as this server is considered dead, and another one may take over its orders: " +
      "try again in a few seconds; if that fails, restart the server";
    return refuse("ERR_TAKEN_OVER", message);
  }
  if (entry.replaces !== undefined && !isClaimHeld) {
    const message = `Cannot place the order as another call replaces order ${entry.replaces.orderId} by now: ` +
      "check the open orders";
    return refuse("ERR_REPLACED_ALREADY", message);
  }
  if (used !== undefined) {
    const first = used.identity === entry.identity ? ` (by ${used.clientOrderId})` : "";
    const message = `Cannot place the order as its preview was used already${first}: make a new preview`;
    return refuse("ERR_PREVIEW_USED", message);
  }
  const problem = entry.takesPreview ? whyNotPlaceable(shownPreview, now) : undefined;
  if (problem !== undefined) return { kind: "refused", ...PREVIEW_REFUSALS[problem] };
  const refusal = checkLimits(policy, { use, notional: entry.notional, now });
  return refusal === null ? checkOwnOrders(entry, opposite) : { kind: "refused", ...refusal };
}

/** The order was checked against another policy than the one in force on this record. */
function replacedPolicy({ version }: Policy, published: number | undefined): Refused {
  if (version !== undefined) {
    const message =
      `Cannot place the order as the policy has changed: version ${version} is no longer in force: preview it again`;
    return refuse("ERR_PREVIEW_STALE", message);
  }
  const message = `Cannot place the order as version ${published} of the policy was published, and this ` +
    "server does not use it: start the server without --policy, or look at its log";
  return refuse("ERR_POLICY_NOT_IN_FORCE", message);
}

/** Checks whether the order may trade with another one of the account. */
function checkOwnOrders(
  { order, worstPrice = null }: BeginningOrder,
  others: readonly OwnOrderInRecord[],
): Refused | null {
  const own = { order, worstPrice, isPlaced: false };
  const rivals = others.filter((other) => mayTradeTogether(own, other));
  const [first] = rivals;
  if (first === undefined) return null;
  const more = rivals.length === 1 ? "" : ` and ${rivals.length - 1} more`;
  const name = first.orderId === null ? `${first.clientOrderId}, which is on its way` : first.orderId;
  const message = `Cannot place the order as it may trade with own order ${name}${more}: ` +
    "cancel that first, wait until it is final, or choose another price";
  return refuse("ERR_SELF_CROSSING", message);
}

/** A refusal without a time to wait. */
export function refuse(code: Refused["code"], message: string): Refused {
  return { kind: "refused", code, message };
}

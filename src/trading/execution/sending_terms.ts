/** What counts for an order at the moment in which it is sent. */

import type { Order } from "../orders/order.ts";
import type { Trader } from "../orders/trader.ts";
import { TradingError } from "../orders/trading_error.ts";
import type { SentAssessment } from "../policy/assessment.ts";
import type { Policy } from "../policy/policy.ts";
import type { SendingCall, TradingRights } from "../policy/trading_rights.ts";
import type { NewPlacement } from "../record/recorded_placement.ts";
import { refuse } from "./placement_result.ts";
import type { RefusedResult } from "./placement_result.ts";

/** What an order is held against when it is sent. */
export interface Terms {
  readonly policy: Policy;
  /** What it takes of the day's limit; `null` when it cannot be valued. */
  readonly notional: NewPlacement["notional"];
  /** The worst price at which a market order is expected to trade; `null` where nobody knows. @default null */
  readonly worstPrice?: string | null;
}

/** What may have ended by the time at which an order is sent. Neither question may wait for anything. */
export interface SendingRights {
  /** What counts for the order, which is held against the policy, or why it may not be sent any more. */
  readonly termsOf: (order: Order) => Terms | RefusedResult;
  /** Why an order that was written down under these terms may not be sent any more, if it may not. */
  readonly whyNot: (terms: Terms) => RefusedResult | undefined;
}

/** Whose order it is, what was found out about it, and the call that has it sent. */
export interface Sender {
  readonly assessment: SentAssessment;
  readonly trader: Trader;
  readonly by: SendingCall;
}

/**
 * The rights of a call that has an order sent. The order is held against the policy once, right before it is written
 * down; after that another policy than that one sends nothing, and the same one would say the same of the same order.
 */
export function sendingRights(rights: TradingRights, { assessment, trader, by }: Sender): SendingRights {
  return {
    termsOf: (order) =>
      orRefusal(() => {
        const policy = rights.assertStillAllowed(assessment, trader, by);
        const { worstPrice = null } = assessment.policyFacts;
        return { policy, notional: dayNotional(assessment, policy, order), worstPrice };
      }),
    whyNot: ({ policy }) => orRefusal(() => whyNotUnder(policy, rights.assertMaySend(trader, by))),
  };
}

/** The rights of a call that repeats another one, and sends nothing: what stands in the journal is told. */
export function repeatingRights(
  rights: TradingRights,
  { identity, notional }: { readonly identity: string; readonly notional: NewPlacement["notional"] },
): SendingRights {
  return {
    termsOf: () => ({ policy: rights.policyOf(identity), notional }),
    whyNot: ({ policy }) => whyNotUnder(policy, rights.policyOf(identity)),
  };
}

/** Why an order that was written down under one policy may not be sent under another. */
export function whyNotUnder(written: Policy, now: Policy): RefusedResult | undefined {
  if (written.digest === now.digest) return undefined;
  const message = "Nothing was sent, as the policy has changed meanwhile: preview the order again";
  return refuse("ERR_PREVIEW_STALE", message);
}

function orRefusal<Answer>(answer: () => Answer): Answer | RefusedResult {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof TradingError)) throw error;
    return refuse(error.code, error.message);
  }
}

/** What an order takes of the day's limit. */
function dayNotional(assessment: SentAssessment, { maxPerDay, maxPerOrder }: Policy, order: Order) {
  const limit = maxPerDay ?? maxPerOrder;
  return assessment.notionalOf(order).find(({ currency }) => currency === limit?.currency) ?? null;
}

/** The terms in force for an order at the moment it is sent. */

import type { Order } from "../orders/order.ts";
import type { Trader } from "../orders/trader.ts";
import { TradingError } from "../orders/trading_error.ts";
import type { SentAssessment } from "../policy/assessment.ts";
import type { Policy } from "../policy/policy.ts";
import type { SendingCall, TradingRights } from "../policy/trading_rights.ts";
import type { NewPlacement } from "../record/recorded_placement.ts";
import { refuse } from "./placement_result.ts";
import type { RefusedResult } from "./placement_result.ts";

/** What an order is checked against when it is sent. */
export interface Terms {
  readonly policy: Policy;
  /** Its share of the daily limit; `null` when it cannot be valued. */
  readonly notional: NewPlacement["notional"];
  /**
   * The worst price at which a market order is expected to trade; `null` when unknown.
   *
   * @default null
   */
  readonly worstPrice?: string | null;
}

/** Rights that may have ended by the time an order is sent. Neither function may wait for anything. */
export interface SendingRights {
  /** The terms in force for the order, after checking the policy; or why it may not be sent. */
  readonly termsOf: (order: Order) => Terms | RefusedResult;
  /** Why an order that was recorded under these terms may not be sent any more; `undefined` when it may. */
  readonly whyNot: (terms: Terms) => RefusedResult | undefined;
}

/** The owner of an order, its assessment, and the call that sends it. */
export interface Sender {
  readonly assessment: SentAssessment;
  readonly trader: Trader;
  readonly by: SendingCall;
}

/**
 * The rights of a call that sends an order. The order is checked against the policy once, directly before it is
 * recorded; afterwards another policy prevents sending, and the same one would give the same result.
 */
export function sendingRights(rights: TradingRights, { assessment, trader, by }: Sender): SendingRights {
  return {
    termsOf: (order) =>
      orRefusal(() => {
        const policy = rights.assertStillAllowed(assessment, trader, by);
        const { worstPrice = null } = assessment.policyFacts;
        return { policy, notional: dayNotional(assessment, policy, order), worstPrice };
      }),
    whyNot: ({ policy }) =>
      orRefusal(() => whyNotUnder({ recorded: policy, current: rights.assertMaySend(trader, by) })),
  };
}

/** The rights of a repeated call, which sends nothing: it gets the result in the journal. */
export function repeatingRights(
  rights: TradingRights,
  { identity, notional }: { readonly identity: string; readonly notional: NewPlacement["notional"] },
): SendingRights {
  return {
    termsOf: () => ({ policy: rights.policyOf(identity), notional }),
    whyNot: ({ policy }) => whyNotUnder({ recorded: policy, current: rights.policyOf(identity) }),
  };
}

/** Why an order that was recorded under one policy may not be sent under the current one. */
export function whyNotUnder(
  { recorded, current }: { readonly recorded: Policy; readonly current: Policy },
): RefusedResult | undefined {
  if (recorded.digest === current.digest) return undefined;
  const message = "Nothing was sent, as the policy has changed since then: preview the order again";
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

/** The share of the daily limit that an order takes. */
function dayNotional(assessment: SentAssessment, { maxPerDay, maxPerOrder }: Policy, order: Order) {
  const limit = maxPerDay ?? maxPerOrder;
  return assessment.notionalOf(order).find(({ currency }) => currency === limit?.currency) ?? null;
}

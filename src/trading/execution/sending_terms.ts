/** What counts for an order at the moment in which it is sent. */

import type { Assessment } from "../policy/assessment.ts";
import type { SentAssessment } from "../policy/assessment.ts";
import { refuse } from "./placement_result.ts";
import type { RefusedResult } from "./placement_result.ts";
import type { NewPlacement } from "../record/recorded_placement.ts";
import type { Policy } from "../policy/policy.ts";
import type { Trader } from "../orders/trader.ts";
import { TradingError } from "../orders/trading_error.ts";
import type { SendingCall, TradingRights } from "../policy/trading_rights.ts";

/** What an order is held against when it is sent. */
export interface Terms {
  readonly policy: Policy;
  /** What it takes of the day's limit; `null` when it cannot be valued. */
  readonly notional: NewPlacement["notional"];
  /** The worst price at which a market order is expected to trade; `null` where nobody knows. @default null */
  readonly worstPrice?: string | null;
}

/** Whose order it is, what was found out about it, and the call that has it sent. */
export interface Sender {
  readonly assessment: SentAssessment;
  readonly trader: Trader;
  readonly by: SendingCall;
}

/** The terms of an order, or why it may not be sent any more. Waits for nothing. */
export function termsOf(
  rights: TradingRights,
  order: Assessment["order"],
  { assessment, trader, by }: Sender,
): Terms | RefusedResult {
  try {
    const policy = rights.assertStillAllowed(assessment, trader, by);
    const { worstPrice = null } = assessment.policyFacts;
    return { policy, notional: dayNotional(assessment, policy, order), worstPrice };
  } catch (error) {
    if (!(error instanceof TradingError)) throw error;
    return refuse(error.code, error.message);
  }
}

/** What an order takes of the day's limit. */
function dayNotional(assessment: SentAssessment, { maxPerDay, maxPerOrder }: Policy, order: Assessment["order"]) {
  const limit = maxPerDay ?? maxPerOrder;
  return assessment.notionalOf(order).find(({ currency }) => currency === limit?.currency) ?? null;
}

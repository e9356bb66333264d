/** The assessment of a confirmed order, as it was recorded when the person was asked. */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { ApprovedFacts } from "../record/approval.ts";
import type { SentAssessment } from "../policy/assessment.ts";
import type { Order } from "../orders/order.ts";
import type { Worth } from "../orders/notional.ts";

/** Decimals of a divided value. */
const WORTH_PLACES = 8;

/** Restores the assessment, without the market data of that time. */
export function confirmedAssessment(facts: ApprovedFacts): SentAssessment {
  return { order: facts.order, policyFacts: facts, notionalOf: (order) => shareOf(facts, order) };
}

/** The rest of a replaced order has its share of the value. */
function shareOf({ order: { volume: whole }, notional }: ApprovedFacts, { volume }: Order): readonly Worth[] {
  if (volume === undefined || whole === undefined || volume === whole) return notional;
  return notional.map(({ currency, amount }) => {
    const share = parseDecimal(amount).times(volume).div(whole);
    return { currency, amount: formatDecimal(share.round(WORTH_PLACES, Big.roundUp)) };
  });
}

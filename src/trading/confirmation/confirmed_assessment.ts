/** What is known of an order that a person has confirmed: what was written down when the person was asked. */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { ApprovedFacts } from "../record/approval.ts";
import type { SentAssessment } from "../policy/assessment.ts";
import type { Order } from "../orders/order.ts";
import type { Worth } from "../orders/notional.ts";

/** Decimals of a worth that had to be divided. */
const WORTH_PLACES = 8;

/** The assessment again, without the market as it was. */
export function confirmedAssessment(facts: ApprovedFacts): SentAssessment {
  return { order: facts.order, policyFacts: facts, notionalOf: (order) => shareOf(facts, order) };
}

/** What is left of an order that is replaced is worth its share. */
function shareOf({ order: { volume: whole }, notional }: ApprovedFacts, { volume }: Order): readonly Worth[] {
  if (volume === undefined || whole === undefined || volume === whole) return notional;
  return notional.map(({ currency, amount }) => {
    const share = parseDecimal(amount).times(volume).div(whole);
    return { currency, amount: formatDecimal(share.round(WORTH_PLACES, Big.roundUp)) };
  });
}

/** Rights of calls that have orders sent, as tests decide about them. */

import type { RefusedResult } from "../../src/trading/execution/placement_result.ts";
import { whyNotUnder } from "../../src/trading/execution/sending_terms.ts";
import type { SendingRights, Terms } from "../../src/trading/execution/sending_terms.ts";

/** Rights that are asked for anew before the order is written down and after. */
export function rightsBy(termsOf: () => Terms | RefusedResult): SendingRights {
  return {
    termsOf,
    whyNot({ policy }) {
      const now = termsOf();
      return "status" in now ? now : whyNotUnder({ recorded: policy, current: now.policy });
    },
  };
}

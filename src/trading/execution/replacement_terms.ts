/** What the record keeps for continuing an interrupted replacement. */

import { z } from "zod";
import { ApprovedFacts } from "../record/approval.ts";
import { CONFIRM_WAYS } from "../policy/policy.ts";

const Terms = z.object({
  facts: ApprovedFacts,
  previewId: z.string(),
  /** How a person agreed, if that was required. */
  consent: z.enum([...CONFIRM_WAYS, "not_needed"]).exactOptional(),
});

/** The new order and the facts for checking it when it is sent, the order that it replaces, and its preview. */
export type ReplacementTerms = z.output<typeof Terms>;

/** Parses what `JSON.stringify` made of {@linkcode ReplacementTerms}. */
export function readReplacementTerms(text: string): ReplacementTerms {
  return Terms.parse(JSON.parse(text));
}

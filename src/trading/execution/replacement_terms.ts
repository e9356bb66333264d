/** What a replacement goes on with after it was cut short, as the record keeps it. */

import { z } from "zod";
import { ApprovedFacts } from "../record/approval.ts";
import { CONFIRM_WAYS } from "../policy/policy.ts";

const Terms = z.object({
  facts: ApprovedFacts,
  previewId: z.string(),
  /** How a person agreed, where one had to. */
  consent: z.enum([...CONFIRM_WAYS, "not_needed"]).exactOptional(),
});

/** The new order and what it is held against when it is sent, which order it replaces, and its preview. */
export type ReplacementTerms = z.output<typeof Terms>;

/** Reads what `JSON.stringify` has written of {@linkcode ReplacementTerms}. */
export function readReplacementTerms(text: string): ReplacementTerms {
  return Terms.parse(JSON.parse(text));
}

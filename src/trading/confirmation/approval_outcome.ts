/** The outcome of an order that needed a person's confirmation, for the order's page. */

import type { Approval } from "../record/approval.ts";
import type { Placement } from "../record/recorded_placement.ts";
import { tell } from "../execution/placement_result.ts";
import type { PlacementResult } from "../execution/placement_result.ts";
import type { ReplaceResult } from "../execution/replace.ts";

/** The progress of the order. `waiting`: nothing was sent, nor will be unless a call comes in time. */
export type OutcomeKind = "pending" | "waiting" | "under_way" | "placed" | "not_placed" | "unknown";

/** The outcome, and a sentence about it. */
export interface Outcome {
  readonly kind: OutcomeKind;
  readonly sentence: string;
}

/** Describes the result of a placement. */
export function describePlacement(result: PlacementResult): string {
  return result.status === "placed" ? `The exchange has it, as order ${result.order_id}` : result.message;
}

/** Describes the result of a replacement. */
export function describeReplacement(result: ReplaceResult): string {
  if (result.status === "repeated") return describePlacement(result.placement);
  if (result.status !== "replaced") return result.message;
  return `Order ${result.old.order_id} is cancelled. ${describePlacement(result.placement)}`;
}

/** The state of an order that was asked about; `placement` is the journal's entry of the same preview. */
export function outcomeOf(approval: Approval, placement: Placement | undefined, now: number): Outcome {
  if (placement !== undefined) return journalledOutcome(placement);
  const { state, takenAt, outcome, expiresAt } = approval;
  if (state === "pending") return { kind: "pending", sentence: "It waits for your answer" };
  if (state === "declined") return { kind: "not_placed", sentence: "It was declined: nothing was sent" };
  const isOver = now >= expiresAt;
  if (state === "expired" || (isOver && takenAt === null)) {
    const why = state === "expired" ? "nobody answered in time" : "no call came for it in time";
    return { kind: "not_placed", sentence: `Nothing was sent, as ${why}` };
  }
  if (outcome !== null) return { kind: "not_placed", sentence: outcome };
  if (takenAt === null) {
    return {
      kind: "waiting",
      sentence: "It is approved, and sent as soon as the call that asked for it goes on or is made again",
    };
  }
  return isOver
    ? { kind: "not_placed", sentence: "Nothing was sent, as the program ended before" }
    : { kind: "under_way", sentence: "It is approved, and on its way" };
}

function journalledOutcome(placement: Placement): Outcome {
  const { state } = placement;
  if (state === "intent" || state === "sent") return { kind: "under_way", sentence: "It is on its way" };
  const told = tell(placement);
  return { kind: told.status, sentence: describePlacement(told) };
}

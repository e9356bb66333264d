/** The request to place one order. */

import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { Order } from "../orders/order.ts";
import type { NewPlacement } from "../record/recorded_placement.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import type { SendingRights } from "./sending_terms.ts";

/** An order to place, already previewed and allowed. */
export interface PlaceRequest extends SendingRights {
  readonly order: Order;
  readonly identity: string;
  readonly previewId: string;
  /** The same key and order again return the result of the first call. */
  readonly idempotencyKey?: string | null | undefined;
  /** Canonical text of what the caller asked for, by which a repetition is recognized. */
  readonly asked?: string | null | undefined;
  /** The claim on the order that it replaces. */
  readonly replaces?: NewPlacement["replaces"];
  /**
   * Whether the order uses up a preview that its caller was shown.
   *
   * @default false
   */
  readonly takesPreview?: boolean | undefined;
}

/** Options of one call. */
export interface PlaceOptions {
  /** Ends the call while nothing was sent; has no effect afterwards. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of a placement that does not depend on the terms in force when it is recorded. */
export type NamedPlacement = Omit<NewPlacement, "policyDigest" | "notional" | "worstPrice" | "validUntil">;

/** The part of a placement that does not depend on the terms: its owner, its exact order, and its ids. */
export function placementOf(
  { order, identity, previewId, idempotencyKey = null, asked = null, replaces, takesPreview }: PlaceRequest,
  { instance, scope: { account, venue } }: Pick<ExecutorParts, "instance" | "scope">,
): NamedPlacement {
  const digest = orderDigest(order);
  const clientOrderId = clientOrderIdOf({ previewId, digest });
  const known = { clientOrderId, identity, account, venue, previewId, idempotencyKey, asked, replaces, takesPreview };
  return { ...known, order, digest, instance: instance.id };
}

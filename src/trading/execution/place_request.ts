/** One order to be placed, as the executor is asked for it. */

import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { Order } from "../orders/order.ts";
import type { NewPlacement } from "../record/recorded_placement.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import type { SendingRights } from "./sending_terms.ts";

/** One order to be placed, previewed and allowed already. */
export interface PlaceRequest extends SendingRights {
  readonly order: Order;
  readonly identity: string;
  readonly previewId: string;
  /** The same key and order again answer what the first call came to. */
  readonly idempotencyKey?: string | null | undefined;
  /** What its caller asked for, in one form: by that a repetition is known. */
  readonly asked?: string | null | undefined;
  /** The claim of the order that it replaces. */
  readonly replaces?: NewPlacement["replaces"];
  /** Whether the order is placed by a preview that its caller was shown, which is used up by it. @default false */
  readonly takesPreview?: boolean | undefined;
}

/** How one call is made. */
export interface PlaceOptions {
  /** Ends the call as long as nothing was sent; from then on it changes nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** What the record is told of a placement, whatever counts for it by the time at which it is written down. */
export type NamedPlacement = Omit<NewPlacement, "policyDigest" | "notional" | "worstPrice" | "validUntil">;

/** What the record is told of a placement, whatever counts for it: whose it is, which exact order, and how it is known. */
export function placementOf(
  { order, identity, previewId, idempotencyKey = null, asked = null, replaces, takesPreview }: PlaceRequest,
  { instance, scope: { account, venue } }: Pick<ExecutorParts, "instance" | "scope">,
): NamedPlacement {
  const digest = orderDigest(order);
  const clientOrderId = clientOrderIdOf(previewId, digest);
  const known = { clientOrderId, identity, account, venue, previewId, idempotencyKey, asked, replaces, takesPreview };
  return { ...known, order, digest, instance: instance.id };
}

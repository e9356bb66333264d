/** Placements: orders that were meant to be placed, how far each has come, and what the journal answers about them. */

import type { ErrorCode } from "../../errors/error_table.ts";
import type { Order } from "../orders/order.ts";
import type { OrderVenue } from "../orders/trading_account.ts";
import type { Worth } from "../orders/notional.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Policy } from "../policy/policy.ts";

/**
 * How far a placement has come. `intent` stands in records of versions that wrote it apart from `sent`. `unknown`: it was
 * sent, and whether the order exists could not be found out yet.
 */
export type PlacementState = "intent" | "sent" | "placed" | "not_placed" | "unknown";

/** One order that was meant to be placed. Times are wall milliseconds. */
export interface Placement extends OrderVenue {
  readonly clientOrderId: string;
  readonly identity: string;
  readonly previewId: string;
  readonly idempotencyKey: string | null;
  /** What its caller asked for, in one form; `null` where an earlier version wrote it. */
  readonly asked: string | null;
  readonly order: Order;
  readonly digest: string;
  readonly policyDigest: string;
  readonly state: PlacementState;
  /** The exchange's id; known exactly when `state` is `placed`. */
  readonly orderId: string | null;
  /** Placed and not known to be final. */
  readonly isOpen: boolean;
  /** The worst price at which a market order was expected to trade, where that is known. */
  readonly worstPrice: string | null;
  /** What it takes of the day's limit. */
  readonly notional: Worth | null;
  readonly createdAt: number;
  readonly sentAt: number | null;
  /** When the exchange refuses the request at the latest: its `timestamp` and `ttl`. */
  readonly validUntil: number | null;
  readonly settledAt: number | null;
  /** Why it is not placed or not known, as a stable code. */
  readonly reason: string | null;
  /** The process whose business it is until it is settled; `null` where a version without instances wrote it. */
  readonly instance: string | null;
}

/** Which order is to be replaced, and by which attempt. */
export interface ReplacementAttempt extends OrderVenue {
  readonly orderId: string;
  /** Unlike that of all other calls. */
  readonly attempt: string;
}

/** What `Journal.begin()` needs to know of a placement. */
export type NewPlacement =
  & Pick<
    Placement,
    | "clientOrderId"
    | "identity"
    | "account"
    | "venue"
    | "previewId"
    | "idempotencyKey"
    | "order"
    | "digest"
    | "policyDigest"
    | "notional"
  >
  & {
    /** The process that sends it. */
    readonly instance: string;
    /** When the exchange refuses the request at the latest: its `timestamp` and `ttl`, wall ms. */
    readonly validUntil: number;
    /** What its caller asked for, in one form. @default null */
    readonly asked?: string | null;
    /** The claim of the order that it replaces. */
    readonly replaces?: ReplacementAttempt | undefined;
    /** The worst price at which a market order is expected to trade. @default null */
    readonly worstPrice?: string | null;
    /** Whether it is placed by a preview that its caller was shown, which is used up by it. @default false */
    readonly takesPreview?: boolean | undefined;
  };

/** What `Journal.repeat()` answers. `repeated`: the same key and order as before, with what became of that. */
export type Repeated = { readonly kind: "repeated"; readonly placement: Placement } | Refused;

/** What `Journal.begin()` answers. `begun`: the order is written as sent, and is to be sent at once. */
export type Begun = { readonly kind: "begun"; readonly placement: Placement } | Repeated;

/** What `Journal.wouldRefuse()` holds an order against. */
export interface Refusing {
  readonly policy: Policy;
  /** Wall milliseconds. */
  readonly now: number;
  /** The client order id of an order that will be gone when this one is placed. */
  readonly without?: string | undefined;
}

/** What became of a placement. */
export type Settlement =
  | { readonly state: "placed"; readonly orderId: string }
  | { readonly state: "not_placed" | "unknown"; readonly reason: ErrorCode };

/** Whose placements are asked for; what is left out does not matter. */
export interface PlacementScope {
  readonly account?: string | undefined;
  readonly venue?: string | undefined;
  readonly identity?: string | undefined;
}

/** Which placements of an account's other venues `Journal.endOthers()` ends; its own venue is the one that lasts. */
export interface EndedVenues extends OrderVenue {
  /** @default everybody's */
  readonly identity?: string | undefined;
  /** Whether a venue lasts as long as the process that brought it: then those of processes that live are left alone. */
  readonly lastWithProcess: boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

/** How an order ended: what was filled in all, as decimals. */
export interface FinalFacts {
  readonly base: string;
  readonly counter: string;
  readonly feeBase?: string;
  readonly feeCounter?: string;
  /** The exchange's own word for how it ended. */
  readonly status?: string;
}

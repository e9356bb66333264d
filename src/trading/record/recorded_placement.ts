/** Placements: orders to be placed, their progress, and the journal's answers about them. */

import type { ErrorCode } from "../../errors/error_table.ts";
import type { Order } from "../orders/order.ts";
import type { OrderVenue } from "../orders/trading_account.ts";
import type { Worth } from "../orders/notional.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Policy } from "../policy/policy.ts";

/**
 * The progress of a placement. `intent` occurs in records of versions that recorded it separately from `sent`.
 * `unknown`: it was sent, and its existence could not be determined yet.
 */
export type PlacementState = "intent" | "sent" | "placed" | "not_placed" | "unknown";

/** One order to be placed. Times are wall clock milliseconds. */
export interface Placement extends OrderVenue {
  readonly clientOrderId: string;
  readonly identity: string;
  readonly previewId: string;
  readonly idempotencyKey: string | null;
  /** Canonical text of its caller's request; `null` if an earlier version recorded it. */
  readonly asked: string | null;
  readonly order: Order;
  readonly digest: string;
  readonly policyDigest: string;
  readonly state: PlacementState;
  /** The exchange's id; known exactly when `state` is `placed`. */
  readonly orderId: string | null;
  /** Placed and not known to be final. */
  readonly isOpen: boolean;
  /** The worst price at which a market order was expected to trade, if known. */
  readonly worstPrice: string | null;
  /** Its share of the daily limit. */
  readonly notional: Worth | null;
  readonly createdAt: number;
  readonly sentAt: number | null;
  /** When the exchange stops accepting the request: its `timestamp` plus `ttl`. */
  readonly validUntil: number | null;
  readonly settledAt: number | null;
  /** Why it is not placed or not known, as a stable code. */
  readonly reason: string | null;
  /** The process responsible for it until it is settled; `null` if a version without instances recorded it. */
  readonly instance: string | null;
}

/** The order to replace, and the attempt that does so. */
export interface ReplacementAttempt extends OrderVenue {
  readonly orderId: string;
  /** Unique among all calls. */
  readonly attempt: string;
}

/** The input of `Journal.begin()`. */
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
    /** When the exchange stops accepting the request: its `timestamp` plus `ttl`, wall clock ms. */
    readonly validUntil: number;
    /**
     * Canonical text of its caller's request.
     *
     * @default null
     */
    readonly asked?: string | null;
    /** The claim on the order that it replaces. */
    readonly replaces?: ReplacementAttempt | undefined;
    /**
     * The worst price at which a market order is expected to trade.
     *
     * @default null
     */
    readonly worstPrice?: string | null;
    /**
     * Whether it uses up a preview that its caller was shown.
     *
     * @default false
     */
    readonly takesPreview?: boolean | undefined;
  };

/** The result of `Journal.repeat()`. `repeated`: the same key and order as before, with their outcome. */
export type Repeated = { readonly kind: "repeated"; readonly placement: Placement } | Refused;

/** The result of `Journal.begin()`. `begun`: the order is recorded as sent, and must be sent at once. */
export type Begun = { readonly kind: "begun"; readonly placement: Placement } | Repeated;

/** What `Journal.wouldRefuse()` checks an order against. */
export interface Refusing {
  readonly policy: Policy;
  /** Wall milliseconds. */
  readonly now: number;
  /** The client order id of an order that will be gone when this one is placed. */
  readonly without?: string | undefined;
}

/** The outcome of a placement. */
export type Settlement =
  | { readonly state: "placed"; readonly orderId: string }
  | { readonly state: "not_placed" | "unknown"; readonly reason: ErrorCode };

/** Selects placements; absent fields do not filter. */
export interface PlacementScope {
  readonly account?: string | undefined;
  readonly venue?: string | undefined;
  readonly identity?: string | undefined;
}

/** Selects the placements that `Journal.endOthers()` ends: those of an account's venues other than this one. */
export interface EndedVenues extends OrderVenue {
  /** @default all identities */
  readonly identity?: string | undefined;
  /** Whether a venue ends with its process: then those of live processes are left alone. */
  readonly lastWithProcess: boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

/** How an order ended: the total filled, as decimals. */
export interface FinalFacts {
  readonly base: string;
  readonly counter: string;
  readonly feeBase?: string;
  readonly feeCounter?: string;
  /** The exchange's own status of its end. */
  readonly status?: string;
}

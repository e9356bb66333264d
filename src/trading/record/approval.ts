/** A question to a person about one exact order, and its lifetime. */

import { z } from "zod";
import type { OrderSummary } from "../orders/order_summary.ts";
import type { MarketWarningCode } from "../orders/market_warnings.ts";
import type { PreviewProblem } from "../orders/preview.ts";
import type { Trader } from "../orders/trader.ts";
import type { PolicyFacts } from "../policy/policy.ts";
import { OrderJson } from "./order_json.ts";

/** How long a person may take, and until when the order can be placed after a yes. */
export const CONFIRMATION_LIFETIME_MS = 180_000;

/** Where a person other than the caller can answer. */
export type OwnerWay = "page" | "terminal";

/** Parses {@linkcode ApprovedAction}. */
export const ApprovedAction = z.enum(["place", "replace"]);

/** What is done with an order once it is approved. */
export type ApprovedAction = z.output<typeof ApprovedAction>;

/** A code that only a later version knows cannot be allowed by a policy of this version, so its order is refused. */
const WarningCode = z.custom<MarketWarningCode>((code) => typeof code === "string");

/** What an order is checked against when it is sent, and what a replacement needs to continue. */
export const ApprovedFacts: z.ZodType<ApprovedFacts> = z.object({
  order: OrderJson,
  notional: z.array(z.object({ currency: z.string(), amount: z.string() })),
  mid: z.string().nullable(),
  averagePrice: z.string().nullable(),
  worstPrice: z.string().nullable().exactOptional(),
  warnings: z.array(z.object({ code: WarningCode, message: z.string() })),
  replaces: z.object({
    orderId: z.string(),
    filledBefore: z.string(),
    minVolume: z.string(),
  }).exactOptional(),
  venue: z.string().exactOptional(),
});

/** The exact order and its facts. */
export interface ApprovedFacts extends PolicyFacts {
  readonly replaces?: {
    readonly orderId: string;
    /** What the old order had traded by then. */
    readonly filledBefore: string;
    /** A smaller rest is not placed. */
    readonly minVolume: string;
  };
  /** The simulated exchange or paper account that it is for; `""` for a lasting exchange. */
  readonly venue?: string;
}

/** The request for an approval. */
export interface ApprovalRequest extends Trader {
  readonly action: ApprovedAction;
  /** The caller's request in canonical form: the same one made again waits for the same answer. */
  readonly asked: string;
  /** Identifies the order for its caller, in every process. */
  readonly previewId: string;
  readonly idempotencyKey?: string | undefined;
  readonly facts: ApprovedFacts;
  readonly summary: OrderSummary;
  readonly ways: readonly OwnerWay[];
  /**
   * Whether it uses up a preview that its caller was shown.
   *
   * @default false
   */
  readonly takesPreview?: boolean | undefined;
}

/** The state of an approval. */
export type ApprovalState = "pending" | "approved" | "declined" | "expired";

/** One question to a person. Times are wall clock milliseconds. */
export interface Approval extends Required<Omit<ApprovalRequest, "idempotencyKey" | "takesPreview">> {
  readonly id: string;
  /** As in the audit's rows: `recordedIdentity()`. */
  readonly identity: string;
  readonly idempotencyKey: string | undefined;
  /** Digest of the exact order. */
  readonly digest: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: ApprovalState;
  readonly decidedBy: OwnerWay | null;
  readonly decidedAt: number | null;
  /** When a call took the answer, which is possible once. */
  readonly takenAt: number | null;
  /** The outcome, if the journal has no placement of it. */
  readonly outcome: string | null;
}

/** The result of a request: the approval and the one-time secret of the link, of which only a hash is stored. */
export type Requested =
  | { readonly ok: true; readonly approval: Approval; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" | PreviewProblem };

/** The result of a decision: the decided approval, or why it is none. */
export type Decided =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "decided" | "elsewhere" };

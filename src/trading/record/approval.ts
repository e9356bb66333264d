/** One question to a person about one exact order, and how long its answer counts. */

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

/** Reads {@linkcode ApprovedAction}. */
export const ApprovedAction = z.enum(["place", "replace"]);

/** What is done with an order once it is approved. */
export type ApprovedAction = z.output<typeof ApprovedAction>;

/** One that only a later version of the program knows is no policy's of this one to allow, so that its order is refused. */
const WarningCode = z.custom<MarketWarningCode>((code) => typeof code === "string");

/** What an order is held against when it is sent, and what a replacement goes on with. */
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

/** The exact order and what is known of it. */
export interface ApprovedFacts extends PolicyFacts {
  readonly replaces?: {
    readonly orderId: string;
    /** What the old order had traded by then. */
    readonly filledBefore: string;
    /** Less than this is not placed. */
    readonly minVolume: string;
  };
  /** Which simulated exchange or paper account it is for; `""` for an exchange that lasts. */
  readonly venue?: string;
}

/** What is asked for. */
export interface ApprovalRequest extends Trader {
  readonly action: ApprovedAction;
  /** The request as the caller made it: the same one made again waits for the same answer. */
  readonly asked: string;
  /** Under which the order is known to its caller, here and in every process. */
  readonly previewId: string;
  readonly idempotencyKey?: string | undefined;
  readonly facts: ApprovedFacts;
  readonly summary: OrderSummary;
  readonly ways: readonly OwnerWay[];
  /** Whether it is asked for with a preview that its caller was shown, which is used up by it. @default false */
  readonly takesPreview?: boolean | undefined;
}

/** Where an approval stands. */
export type ApprovalState = "pending" | "approved" | "declined" | "expired";

/** One question to a person. Times are wall milliseconds. */
export interface Approval extends Required<Omit<ApprovalRequest, "idempotencyKey" | "takesPreview">> {
  readonly id: string;
  /** As the audit's rows hold it: `recordedIdentity()`. */
  readonly identity: string;
  readonly idempotencyKey: string | undefined;
  /** Of the exact order. */
  readonly digest: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: ApprovalState;
  readonly decidedBy: OwnerWay | null;
  readonly decidedAt: number | null;
  /** When a call took the answer, which is taken once. */
  readonly takenAt: number | null;
  /** What became of it, where the journal has no placement of it. */
  readonly outcome: string | null;
}

/** What a request gets: its approval and the one-time secret for the link, of which only a hash is kept. */
export type Requested =
  | { readonly ok: true; readonly approval: Approval; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" | PreviewProblem };

/** What a decision gets: the approval as decided, or why it is none. */
export type Decided =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "decided" | "elsewhere" };

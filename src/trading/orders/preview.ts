/** What holds for previews, whatever keeps them: how long one can be placed, and why one cannot. */

import { randomBytes } from "node:crypto";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { isOver } from "./lifetime.ts";
import type { Lifetime } from "./lifetime.ts";

/** How long a preview can be placed. */
export const PREVIEW_LIFETIME_MS = 60_000;

/** How a preview stands. Times are wall milliseconds. */
export interface PreviewState extends Lifetime {
  /** When it was used, which is once. */
  readonly usedAt: number | null;
}

/** Why a preview cannot be placed; another caller's is unknown. */
export type PreviewProblem = "unknown" | "expired" | "used";

/** An id that nobody can guess. */
export function newPreviewId(): string {
  return `pv-${randomBytes(16).toString("hex")}`;
}

/** Why a caller's own preview cannot be placed now, if it cannot. */
export function whyNotPlaceable(preview: PreviewState | undefined, now: number): PreviewProblem | undefined {
  if (preview === undefined) return "unknown";
  if (preview.usedAt !== null) return "used";
  return isOver(preview, now) ? "expired" : undefined;
}

/** How callers are told. */
export const PREVIEW_REFUSALS: Readonly<
  Record<PreviewProblem, { readonly code: ToolErrorCode; readonly message: string }>
> = {
  unknown: {
    code: "ERR_PREVIEW_UNKNOWN",
    message: "Cannot place the order as no such preview of this client is known: preview the order first",
  },
  expired: {
    code: "ERR_PREVIEW_EXPIRED",
    message: "Cannot place the order as its preview is older than a minute: preview it again",
  },
  used: {
    code: "ERR_PREVIEW_USED",
    message: "Cannot place the order as its preview was used already: preview it again for another order",
  },
};

/** The rules of previews, independent of where they are stored: how long one can be placed, and why it cannot. */

import { randomBytes } from "node:crypto";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { isOver } from "./lifetime.ts";
import type { Lifetime } from "./lifetime.ts";

/** How long a preview can be placed. */
export const PREVIEW_LIFETIME_MS = 60_000;

/** The state of a preview. Times are wall clock milliseconds. */
export interface PreviewState extends Lifetime {
  /** When it was used; a preview can be used once. */
  readonly usedAt: number | null;
}

/** Why a preview cannot be placed; one of another caller is unknown. */
export type PreviewProblem = "unknown" | "expired" | "used";

/** An unguessable id. */
export function newPreviewId(): string {
  return `pv-${randomBytes(16).toString("hex")}`;
}

/** Why a caller's own preview cannot be placed now; `undefined` when it can. */
export function whyNotPlaceable(preview: PreviewState | undefined, now: number): PreviewProblem | undefined {
  if (preview === undefined) return "unknown";
  if (preview.usedAt !== null) return "used";
  return isOver(preview, now) ? "expired" : undefined;
}

/** The messages for callers. */
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

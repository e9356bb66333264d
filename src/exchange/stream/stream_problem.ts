/** Why connections to the stream end, and whether reconnecting may help. */

import { cleanText } from "../../text/clean_text.ts";
import type { BookProblem } from "./order_book.ts";
import type { ErrorFrame } from "./market_frames.ts";

/** The reason in metrics and logs. */
export type StreamProblemCode =
  | BookProblem
  | "garbage"
  | "frame_too_large"
  | "snapshot_timeout"
  | "silent"
  | "feed_lost"
  | "closed"
  | "unreachable"
  | "session_limit"
  | "auth_timeout"
  | "invalid_credentials"
  | "invalid_market"
  | "refused";

/** Why a connection ended. */
export interface StreamProblem {
  readonly code: StreamProblemCode;
  /** Further details: a close code, the exchange's own text. Data, never part of our sentences. */
  readonly detail: string;
}

/** Reasons that reconnecting with the same credentials and pair does not change. */
const FINAL: ReadonlySet<StreamProblemCode> = new Set(["invalid_credentials", "invalid_market"]);

/** Reasons that invalidate a book although the connection was sound. */
const LOST_PLACE: ReadonlySet<string> = new Set(
  [
    "gap",
    "sequence_back",
    "unknown_maker",
    "negative_volume",
    "duplicate_order",
    "crossed",
    "unreadable_order",
  ] satisfies BookProblem[],
);

/** Tells whether another connection would end in the same way. */
export function isFinal({ code }: StreamProblem): boolean {
  return FINAL.has(code);
}

/** Tells whether a code means that updates were lost or inconsistent, so that the book was discarded. */
export function isLostPlace(code: string): boolean {
  return LOST_PLACE.has(code);
}

/** Classifies an error of the exchange. The code of its session limit is undocumented; its text is documented. */
export function problemOf({ code, text }: ErrorFrame): StreamProblem {
  const detail = cleanText([code, text].filter((each) => each !== "").join(": "));
  if (/session limit/i.test(text) || /session.?limit/i.test(code)) return { code: "session_limit", detail };
  if (code === "auth_timeout" || code === "invalid_credentials" || code === "invalid_market") return { code, detail };
  return { code: "refused", detail };
}

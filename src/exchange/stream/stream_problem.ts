/** What ends a connection to the stream, and whether another one may fare better. */

import { cleanText } from "../../text/clean_text.ts";
import type { BookProblem } from "./order_book.ts";
import type { ErrorFrame } from "./market_frames.ts";

/** Why a connection ended, as metrics and logs count it. */
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
  /** What else is known: a close code, the exchange's own words. Data, never ours. */
  readonly detail: string;
}

/** What asking again with the same credentials and the same pair does not change. */
const FINAL: ReadonlySet<StreamProblemCode> = new Set(["invalid_credentials", "invalid_market"]);

/** What a book that cannot be trusted any more tells of; the connection itself was sound. */
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

/** Whether another connection would end in the same way. */
export function isFinal({ code }: StreamProblem): boolean {
  return FINAL.has(code);
}

/** Whether a code tells that updates were lost or made no sense, so that the book had to go. */
export function isLostPlace(code: string): boolean {
  return LOST_PLACE.has(code);
}

/** What an error of the exchange means. The code of its session limit is not documented, its text is. */
export function problemOf({ code, text }: ErrorFrame): StreamProblem {
  const detail = cleanText([code, text].filter((each) => each !== "").join(": "));
  if (/session limit/i.test(text) || /session.?limit/i.test(code)) return { code: "session_limit", detail };
  if (code === "auth_timeout" || code === "invalid_credentials" || code === "invalid_market") return { code, detail };
  return { code: "refused", detail };
}

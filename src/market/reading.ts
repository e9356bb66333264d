import type { ExchangeError } from "../exchange/errors.ts";

/** An answer about the market or an account, with how long it may be passed on. */
export interface Reading<Answer = unknown> {
  readonly answer: Answer;
  readonly source: "exchange" | "stream";
  /** When its source last knew it to be true; monotonic milliseconds. */
  readonly asOfMs: number;
  /**
   * From when on it may not be passed on any more; monotonic milliseconds. A source that follows the exchange leaves it at
   * `Infinity` and sets it back when something newer has come, so look at it again each time.
   */
  readonly staleAtMs: number;
  /**
   * Why this is not the present: the exchange could not be read, and what was last known stands in. Only for those who
   * show it as such; `call` rejects with it.
   */
  readonly lapsed?: ExchangeError;
}

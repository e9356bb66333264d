import type { ExchangeError } from "../exchange/errors.ts";

/** An answer about the market or an account, and how long it may be reused. */
export interface Reading<Answer = unknown> {
  readonly answer: Answer;
  readonly source: "exchange" | "stream";
  /** When its source last confirmed it; monotonic milliseconds. */
  readonly asOfMs: number;
  /**
   * When it may no longer be reused; monotonic milliseconds. A source that follows the exchange leaves it at `Infinity`
   * and lowers it when something newer has come, so read it each time.
   */
  readonly staleAtMs: number;
  /**
   * Why this is not current: the exchange could not be read, and this is the last known data. Only for callers that
   * show it as such; `call` rejects with it.
   */
  readonly lapsed?: ExchangeError;
}

/** Settings of an engine; most of them represent a fact that the API's documentation leaves open. */

/** How the engine behaves. */
export interface EngineSettings {
  /**
   * For a post-only order that would trade: refuse the call, or accept it and complete it unfilled.
   *
   * @default "error"
   */
  readonly postOnlyCrossing: "error" | "complete";
  /**
   * The currency in which a sell pays its fee. In base, it falls back to the proceeds when the base account cannot pay,
   * so that a whole balance can be sold.
   *
   * @default "base"
   */
  readonly sellFeeIn: "base" | "counter";
  /**
   * When an order meets an own resting one: trade with it, or cancel the resting one.
   *
   * @default "trade"
   */
  readonly selfTrade: "trade" | "cancel_resting";
  /** Whether a stop-limit order reserves funds while it waits for its trigger. @default true */
  readonly reserveStops: boolean;
  /**
   * Milliseconds that an accepted order stays AWAITING before it reaches the book.
   *
   * @default 0
   */
  readonly orderDelayMs: number;
  /**
   * The largest price move, as a fraction of the best price, that a market order may cause.
   *
   * @default 0.1
   */
  readonly marketOrderReach: number;
}

/** The defaults, which paper trading uses. */
export const ENGINE_DEFAULTS: EngineSettings = {
  postOnlyCrossing: "error",
  sellFeeIn: "base",
  selfTrade: "trade",
  reserveStops: true,
  orderDelayMs: 0,
  marketOrderReach: 0.1,
};

/** What an engine may be told; most choices stand for a fact that the API's documentation leaves open. */

/** How the engine behaves. */
export interface EngineSettings {
  /** Post-only order that would trade: refuse the call, or accept it and complete it unfilled. @default "error" */
  readonly postOnlyCrossing: "error" | "complete";
  /**
   * Currency in which a sell pays its fee. In base it falls back to the proceeds when the base account has nothing
   * left to pay with, so that a whole balance can be sold. @default "base"
   */
  readonly sellFeeIn: "base" | "counter";
  /** An order that meets an own resting one: trade with it, or cancel the resting one. @default "trade" */
  readonly selfTrade: "trade" | "cancel_resting";
  /** Whether a stop-limit order reserves funds while it waits for its trigger. @default true */
  readonly reserveStops: boolean;
  /** Milliseconds that an accepted order stays AWAITING before it reaches the book. @default 0 */
  readonly orderDelayMs: number;
  /** Furthest move of the price, as a fraction of the best one, that a market order may cause. @default 0.1 */
  readonly marketOrderReach: number;
}

/** The defaults, which paper trading keeps to. */
export const ENGINE_DEFAULTS: EngineSettings = {
  postOnlyCrossing: "error",
  sellFeeIn: "base",
  selfTrade: "trade",
  reserveStops: true,
  orderDelayMs: 0,
  marketOrderReach: 0.1,
};

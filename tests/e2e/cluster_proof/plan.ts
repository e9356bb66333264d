/** The actions of the callers of one history: up to twelve calls, each at a random server. */

import type { Dice } from "../../trading/chance.ts";

/** Maximum calls of a history, not counting those that find out the outcomes at its end. */
const MOST_CALLS = 12;

/** What no caller may exceed. */
export const LIMITS = { perOrder: "800", perDay: "1700", openOrders: 2 } as const;

/** The policy of all servers with these limits. */
export const POLICY = {
  default: {
    mode: "auto",
    max_per_order: { amount: LIMITS.perOrder, currency: "ZAR" },
    max_per_day: { amount: LIMITS.perDay, currency: "ZAR" },
    max_open_orders: LIMITS.openOrders,
    max_orders_per_minute: null,
    price_band_percent: null,
  },
} as const;

/** An order as requested; its price or amount identifies its key. */
export type AskedOrder = Readonly<Record<string, string>>;

/** One call. */
export type Step =
  | { readonly kind: "place"; readonly key: string; readonly order: AskedOrder }
  | { readonly kind: "cancel"; readonly key: string }
  /** Replaces the order of a key. */
  | { readonly kind: "replace"; readonly key: string; readonly by: string; readonly price: string };

/** A step at one of the servers, after a pause. */
export interface PlannedStep {
  readonly step: Step;
  /** The server, as a number of which the remainder is used. */
  readonly server: number;
  readonly pauseMs: number;
}

const MOST_KEYS = 5;
const LONGEST_PAUSE_MS = 250;
const SMALL = "0.0005";
/** Worth more than the limit per order. */
const LARGE = "0.001";

/** Draws the steps of a history; `bid` is the market's bid. */
export function drawSteps(dice: Dice, { history, bid }: { history: number; bid: number }): PlannedStep[] {
  const keys = Array.from({ length: 1 + dice.below(MOST_KEYS) }, (_each, index) => `h${history}-k${index}`);
  const orders = new Map(keys.map((key, index) => [key, drawOrder(dice, { index, bid })]));
  const count = 1 + dice.below(MOST_CALLS);
  return Array.from({ length: count }, (_each, number) => ({
    step: drawStep(dice, { keys, orders, number, bid }),
    server: dice.below(1_000),
    pauseMs: dice.below(LONGEST_PAUSE_MS),
  }));
}

function drawOrder(dice: Dice, { index, bid }: { index: number; bid: number }): AskedOrder {
  const kind = dice.pick(["buy", "buy", "buy", "sell", "market", "large"] as const);
  if (kind === "market") return { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: String(600 + index) };
  const price = kind === "sell" ? Math.ceil(bid * 1.04) + index : Math.floor(bid * 0.96) - index;
  const side = kind === "sell" ? "SELL" : "BUY";
  return { pair: "XBTZAR", side, type: "limit", volume: kind === "large" ? LARGE : SMALL, price: String(price) };
}

function drawStep(
  dice: Dice,
  { keys, orders, number, bid }: {
    readonly keys: readonly string[];
    readonly orders: ReadonlyMap<string, AskedOrder>;
    readonly number: number;
    readonly bid: number;
  },
): Step {
  // Most begin with consecutive orders, so that limits are reached.
  const fresh = dice.chance(0.7) ? keys[number] : undefined;
  const key = fresh ?? dice.pick(keys);
  const order = orders.get(key) ?? {};
  const isFirst = fresh !== undefined || number === 0;
  const kind = isFirst ? "place" : dice.pick(["place", "place", "place", "cancel", "replace"] as const);
  if (kind === "place") return { kind, key, order };
  if (kind === "cancel") return { kind, key };
  // The same replacement may be requested again.
  return { kind, key, by: `${key}-r`, price: String(Math.floor(bid * 0.95) - Number(key.split("k")[1])) };
}

/** The choices of random histories: dice, orders identified by their price or amount, and faults of the connection. */

import type { Order } from "../../src/trading/orders/order.ts";
import type { WireFault } from "./faulty_exchange.ts";

/** Repeatable random choices. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1. */
  unit = (): number => {
    let t = this.#state = (this.#state + 0x6D2B79F5) >>> 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  below(end: number): number {
    return Math.floor(this.unit() * end);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick as there is nothing to pick from");
    return item;
  }
}

/** Kinds of orders, some of them listed twice to be drawn twice as often. */
export const ORDER_KINDS = ["resting", "resting", "crossing", "partly", "buy", "sell", "post_only"] as const;

/** One of {@linkcode ORDER_KINDS}. */
export type OrderKind = (typeof ORDER_KINDS)[number];

/** An order of a kind; its price, or what it spends, encodes its number. */
export function makeOrder(kind: OrderKind, number: number): Order {
  const xbt = { pair: "XBTZAR", base: "XBT", counter: "ZAR" };
  const buy = { ...xbt, side: "BUY", type: "limit", volume: "0.0005", timeInForce: "GTC" } as const;
  switch (kind) {
    case "resting":
      return { ...buy, price: String(900_000 + number) };
    case "crossing":
      return { ...buy, timeInForce: "IOC", price: String(1_200_000 + number) };
    case "partly":
      return { ...buy, side: "SELL", volume: "0.02", price: String(1_080_000 + number) };
    case "buy":
      return { ...xbt, side: "BUY", type: "market", counterVolume: String(700 + number) };
    case "sell":
      return { ...buy, side: "SELL", price: String(1_300_000 + number) };
    case "post_only":
      return { ...buy, postOnly: true, price: String(1_400_000 + number) };
  }
}

/** The fault of a request. Reads lag by less than the executor's margin; every write may be lost, late or doubled. */
export function drawFault(
  dice: Dice,
  { method, isSilencePossible }: { readonly method: string; readonly isSilencePossible: boolean },
): WireFault {
  const when = dice.pick(["before", "after"] as const);
  if (method === "GET") {
    return dice.pick<WireFault>([
      { kind: "cut", when: "before" },
      { kind: "rules", rules: [{ kind: "stale", ms: 1 + dice.below(2_500) }] },
      { kind: "rules", rules: [{ kind: "stale", ms: 2_500 }] },
      { kind: "rules", rules: [{ kind: "server_error", when: "before", status: 503 }] },
      { kind: "rules", rules: [{ kind: "too_many_requests" }] },
      { kind: "rules", rules: [{ kind: "truncated_json" }] },
      { kind: "rules", rules: [{ kind: "html", status: 404 }] },
    ]);
  }
  return dice.pick<WireFault>([
    isSilencePossible ? { kind: "silent" } : { kind: "cut", when: "after" },
    { kind: "cut", when },
    { kind: "late", ms: 1 + dice.below(12_000) },
    { kind: "late", ms: 1 + dice.below(5_000) },
    { kind: "twice", last: "answer" },
    { kind: "twice", last: "429" },
    { kind: "rules", rules: [{ kind: "server_error", when }] },
    { kind: "rules", rules: [{ kind: "html", when }] },
    { kind: "rules", rules: [{ kind: "empty_body", when }] },
    { kind: "rules", rules: [{ kind: "truncated_json" }] },
    { kind: "rules", rules: [{ kind: "wrong_types" }] },
    { kind: "rules", rules: [{ kind: "too_many_requests" }] },
  ]);
}

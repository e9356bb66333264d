/** Merges the user stream's messages about one order, so that their order and repetition do not matter. */

import { parseDecimal } from "../../money/decimals.ts";
import type { UserEvent } from "./user_frames.ts";

/** What the user stream has reported about an order; amounts are decimals, cumulative. */
export interface OwnOrder {
  readonly orderId: string;
  /** `""` when its owner gave none. */
  readonly clientOrderId: string;
  readonly pair: string;
  /** `undefined` before it is reported. */
  readonly status: "AWAITING" | "PENDING" | "COMPLETE" | undefined;
  readonly base: string;
  readonly counter: string;
  readonly feeBase: string;
  readonly feeCounter: string;
  /** Of the latest message, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/** A message about an order. */
export type OrderEvent = Exclude<UserEvent, { readonly type: "balance" }>;

const RANKS = [undefined, "AWAITING", "PENDING", "COMPLETE"] as const;

/** The order in one message. An undocumented status is ignored. */
export function orderOf(event: OrderEvent): OwnOrder {
  const { order_id: orderId, client_order_id: clientOrderId, market_id: pair } = event.type === "order_fill"
    ? event.fill
    : event.status;
  const named = { orderId, clientOrderId, pair, timestamp: event.timestamp };
  if (event.type === "order_status") {
    const { status } = event.status;
    const filled = { base: "0", counter: "0", feeBase: "0", feeCounter: "0" };
    return { ...named, ...filled, status: status === "UNKNOWN" ? undefined : status };
  }
  const { base_fill: base, counter_fill: counter, base_fee: feeBase, counter_fee: feeCounter } = event.fill;
  return { ...named, base, counter, feeBase, feeCounter, status: undefined };
}

/** Merges two reports: takes the later of the states and the larger of the totals. */
export function joined(one: OwnOrder, other: OwnOrder): OwnOrder {
  const totals = compareTotals(one, other) >= 0 ? one : other;
  const { base, counter, feeBase, feeCounter } = totals;
  const status = RANKS.indexOf(one.status) >= RANKS.indexOf(other.status) ? one.status : other.status;
  const { orderId, pair } = one;
  return {
    orderId,
    clientOrderId: one.clientOrderId === "" ? other.clientOrderId : one.clientOrderId,
    pair,
    status,
    base,
    counter,
    feeBase,
    feeCounter,
    timestamp: Math.max(one.timestamp, other.timestamp),
  };
}

type Totals = Pick<OwnOrder, "base" | "counter" | "feeBase" | "feeCounter">;

function compareTotals(one: Totals, other: Totals): number {
  const members = ["base", "counter", "feeBase", "feeCounter"] as const;
  return members.map((member) => parseDecimal(one[member]).cmp(parseDecimal(other[member]))).find((sign) =>
    sign !== 0
  ) ??
    0;
}

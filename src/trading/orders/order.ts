/** An order before it is sent, in the single exact form that previews, policy, journal and audit share. */

import { createHash } from "node:crypto";
import type { Side } from "../../exchange/order_schemas.ts";

/** The type of an order. */
export type OrderType = "limit" | "market" | "stop_limit";

/** How long a limit order is valid: until cancelled, immediate-or-cancel, fill-or-kill. */
export type TimeInForce = "GTC" | "IOC" | "FOK";

/** The direction in which a trade through the stop price triggers a stop-limit order. */
export type StopDirection = "ABOVE" | "BELOW" | "RELATIVE_LAST_TRADE";

/** A requested order; amounts are the caller's texts, not validated yet. */
export interface OrderRequest {
  readonly pair: string;
  readonly side: Side;
  readonly type: OrderType;
  /** In base currency; either this or `counter_volume`. */
  readonly volume?: string | undefined;
  /** In counter currency. */
  readonly counter_volume?: string | undefined;
  /** Counter per base; for limit and stop-limit orders. */
  readonly price?: string | undefined;
  readonly time_in_force?: TimeInForce | undefined;
  readonly post_only?: boolean | undefined;
  readonly stop_price?: string | undefined;
  readonly stop_direction?: StopDirection | undefined;
}

/** An exact order: precisely what will be sent. Amounts are decimals as `formatDecimal` writes them. */
export interface Order {
  readonly pair: string;
  readonly base: string;
  readonly counter: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Base amount; absent only for a market order to buy, which spends `counterVolume`. */
  readonly volume?: string;
  /** Counter amount that a market order to buy spends. */
  readonly counterVolume?: string;
  /** Limit price, counter per base; absent for market orders. */
  readonly price?: string;
  /** Only for limit and stop-limit orders. */
  readonly timeInForce?: TimeInForce;
  readonly postOnly?: boolean;
  readonly stopPrice?: string;
  readonly stopDirection?: StopDirection;
}

/** An order by one of its two ids: the exchange's, or the client order id. */
export type OrderReference = { readonly orderId: string } | { readonly clientOrderId: string };

/** The digest that binds previews, approvals and journal entries to one exact order: SHA-256 in hex. */
export function orderDigest(order: Order): string {
  const entries = Object.entries(order).filter(([, value]) => value !== undefined).toSorted(([a], [b]) =>
    a < b ? -1 : 1
  );
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex");
}

/** The client order id: one for each preview and exact order. */
export function clientOrderIdOf(
  { previewId, digest }: { readonly previewId: string; readonly digest: string },
): string {
  return `lm-${createHash("sha256").update(previewId + digest).digest("hex").slice(0, 40)}`;
}

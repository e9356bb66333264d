import type { OrderReference } from "../trading/orders/order.ts";
import { ArgumentError } from "./tool.ts";

/**
 * The order that two ids of which one is given mean.
 *
 * @throws {ArgumentError} both are given, or none
 */
export function targetOf(
  { order_id, client_order_id }: { order_id?: string | undefined; client_order_id?: string | undefined },
): OrderReference {
  if (order_id !== undefined && client_order_id === undefined) return { orderId: order_id };
  if (client_order_id !== undefined && order_id === undefined) return { clientOrderId: client_order_id };
  throw new ArgumentError("order_id", "expected exactly one of order_id and client_order_id");
}

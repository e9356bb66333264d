import type { OrderReference } from "../trading/orders/order.ts";
import { ArgumentError } from "./tool.ts";

/**
 * The order that one of two ids names.
 *
 * @throws {ArgumentError} when both are given, or neither
 */
export function targetOf(
  { order_id, client_order_id }: { order_id?: string | undefined; client_order_id?: string | undefined },
): OrderReference {
  if (order_id !== undefined && client_order_id === undefined) return { orderId: order_id };
  if (client_order_id !== undefined && order_id === undefined) return { clientOrderId: client_order_id };
  throw new ArgumentError("order_id", "expected exactly one of order_id and client_order_id");
}

/** The form of an order in the record: JSON. */

import { z } from "zod";
import type { Order } from "../orders/order.ts";

/** Parses it. */
export const OrderJson: z.ZodType<Order> = z.object({
  pair: z.string(),
  base: z.string(),
  counter: z.string(),
  side: z.enum(["BUY", "SELL"]),
  type: z.enum(["limit", "market", "stop_limit"]),
  volume: z.string().exactOptional(),
  counterVolume: z.string().exactOptional(),
  price: z.string().exactOptional(),
  timeInForce: z.enum(["GTC", "IOC", "FOK"]).exactOptional(),
  postOnly: z.boolean().exactOptional(),
  stopPrice: z.string().exactOptional(),
  stopDirection: z.enum(["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"]).exactOptional(),
});

/** Orders and fills: placing, cancelling, reading. */

import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import {
  ClientId,
  exactlyOne,
  IntegerId,
  Limit,
  Milliseconds,
  OrderId,
  Pair,
  PositiveDecimal,
} from "./request_params.ts";
import { Success } from "./account_schemas.ts";
import {
  FeeInfo,
  Order,
  OrderIdList,
  OrderList,
  OrderV1,
  OrderV1List,
  PlacedOrder,
  UserTradeList,
} from "./order_schemas.ts";

const TimedOrder = {
  base_account_id: IntegerId.optional(),
  counter_account_id: IntegerId.optional(),
  /** When the order was decided; with `ttl` it prevents a delayed request from executing late. */
  timestamp: Milliseconds.optional(),
  /** Milliseconds after `timestamp` at which the exchange drops the request. */
  ttl: z.int().min(1).max(10_000).optional(),
  client_order_id: ClientId.optional(),
};

const LimitOrder = z.strictObject({
  pair: Pair,
  type: z.enum(["BID", "ASK"]),
  volume: PositiveDecimal,
  price: PositiveDecimal,
  time_in_force: z.enum(["GTC", "IOC", "FOK"]).optional(),
  post_only: z.boolean().optional(),
  stop_price: PositiveDecimal.optional(),
  stop_direction: z.enum(["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"]).optional(),
  ...TimedOrder,
}).refine((order) => order.post_only !== true || (order.time_in_force ?? "GTC") === "GTC", {
  path: ["post_only"],
  message: "cannot be combined with IOC or FOK",
}).refine((order) => (order.stop_price === undefined) === (order.stop_direction === undefined), {
  path: ["stop_direction"],
  message: "goes together with stop_price",
}).refine((order) => order.ttl === undefined || order.timestamp !== undefined, {
  path: ["ttl"],
  message: "works only together with timestamp",
});

const MarketOrder = z.strictObject({
  pair: Pair,
  type: z.enum(["BUY", "SELL"]),
  counter_volume: PositiveDecimal.optional(),
  base_volume: PositiveDecimal.optional(),
  ...TimedOrder,
}).refine((order) => (order.counter_volume !== undefined) === (order.type === "BUY"), {
  path: ["counter_volume"],
  message: "belongs to BUY, which always needs it",
}).refine((order) => (order.base_volume !== undefined) === (order.type === "SELL"), {
  path: ["base_volume"],
  message: "belongs to SELL, which always needs it",
}).refine((order) => order.ttl === undefined || order.timestamp !== undefined, {
  path: ["ttl"],
  message: "works only together with timestamp",
});

/** The orders of the key's owner. */
export const orderEndpoints = {
  getFeeInfo: endpoint({
    title: "Read the fees of one pair",
    method: "GET",
    path: "/api/1/fee_info",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ pair: Pair }),
    answer: FeeInfo,
  }),

  /** Without `state`, both open and closed orders, unlike version 2. */
  listOrdersV1: endpoint({
    title: "List orders in the form of version 1",
    method: "GET",
    path: "/api/1/listorders",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      state: z.enum(["PENDING", "COMPLETE"]).optional(),
      pair: Pair.optional(),
      created_before: Milliseconds.optional(),
      limit: Limit.optional(),
    }),
    answer: OrderV1List,
  }),

  getOrderV1: endpoint({
    title: "Read an order in the form of version 1",
    method: "GET",
    path: "/api/1/orders/{id}",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId }),
    answer: OrderV1,
  }),

  /**
   * Only open orders, or with `closed` only closed ones. `created_before` is exclusive and orders may share a
   * millisecond: page with overlap and remove duplicates. Orders disappear 100 days after completion.
   */
  listOrders: endpoint({
    title: "List orders",
    method: "GET",
    path: "/api/exchange/2/listorders",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      pair: Pair.optional(),
      closed: z.boolean().optional(),
      created_before: Milliseconds.optional(),
      limit: Limit.optional(),
    }),
    answer: OrderList,
  }),

  /**
   * The ids of open orders, which is all that cancelling needs; works even when other fields of a row are unreadable.
   */
  listOpenOrderIds: endpoint({
    title: "List the ids of open orders",
    method: "GET",
    path: "/api/exchange/2/listorders",
    permission: "Perm_R_Orders",
    priority: "cancel",
    params: z.strictObject({ created_before: Milliseconds.optional(), limit: Limit.optional() }),
    answer: OrderIdList,
  }),

  getOrderV2: endpoint({
    title: "Read an order in the form of version 2",
    method: "GET",
    path: "/api/exchange/2/orders/{id}",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId }),
    answer: Order,
  }),

  /** The only way to find an order by its `client_order_id`, and so the outcome of an order whose answer was lost. */
  getOrder: endpoint({
    title: "Read an order",
    method: "GET",
    path: "/api/exchange/3/order",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({ id: OrderId.optional(), client_order_id: ClientId.optional() }).refine(
      ({ id, client_order_id }) => exactlyOne(id, client_order_id),
      { path: ["id"], message: "expected exactly one of id and client_order_id" },
    ),
    answer: Order,
  }),

  /** Oldest first, but newest first with `before` or `sort_desc`; may lag behind the newest fills. */
  listUserTrades: endpoint({
    title: "List own trades of one pair",
    method: "GET",
    path: "/api/1/listtrades",
    permission: "Perm_R_Orders",
    priority: "account",
    params: z.strictObject({
      pair: Pair,
      /** Inclusive. */
      since: Milliseconds.optional(),
      /** Exclusive. */
      before: Milliseconds.optional(),
      /** Inclusive. */
      after_seq: z.int().nonnegative().optional(),
      /** Exclusive. */
      before_seq: z.int().nonnegative().optional(),
      sort_desc: z.boolean().optional(),
      limit: Limit.optional(),
    }),
    answer: UserTradeList,
  }),

  /** An `order_id` means accepted: not filled, and possibly not on the book yet. Sides are BID and ASK here. */
  postLimitOrder: endpoint({
    title: "Place a limit order",
    method: "POST",
    path: "/api/1/postorder",
    permission: "Perm_W_Orders",
    priority: "order",
    params: LimitOrder,
    answer: PlacedOrder,
  }),

  /** Buys for an amount of counter currency, or sells an amount of base currency, at any price. */
  postMarketOrder: endpoint({
    title: "Place a market order",
    method: "POST",
    path: "/api/1/marketorder",
    permission: "Perm_W_Orders",
    priority: "order",
    params: MarketOrder,
    answer: PlacedOrder,
  }),

  /** Asynchronous, and the order may fill first: read it afterwards. */
  stopOrder: endpoint({
    title: "Cancel an order",
    method: "POST",
    path: "/api/1/stoporder",
    permission: "Perm_W_Orders",
    priority: "cancel",
    params: z.strictObject({ order_id: OrderId }),
    answer: Success,
  }),
} as const;

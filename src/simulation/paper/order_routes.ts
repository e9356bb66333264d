/** Endpoints of paper orders, their fills and fees. */

import { printOrderV1, printOrderV2, printUserTrade } from "../api/order_print.ts";
import { readClientOrderId } from "../api/order_rules.ts";
import { printDecimal } from "../api/print.ts";
import { selectUserTrades } from "../api/user_trades.ts";
import type { Order } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import { thirtyDayVolume } from "../engine/trading_volume.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import { orderFailure } from "./failures.ts";
import type { PaperExchange } from "./paper_exchange.ts";
import { paperMarket } from "./paper_market.ts";
import type { PaperCall, PaperRoute } from "./route.ts";

const ORDER_ID = /^[0-9A-Za-z_-]{1,64}$/;

/** Every endpoint of this file; `placed` is called after each order that was taken. */
export function orderRoutes(exchange: PaperExchange, { placed }: { placed: () => void }): readonly PaperRoute[] {
  const get = { method: "GET", permission: 0 } as const;
  const post = { method: "POST", permission: 0 } as const;
  const place = (kind: "limit" | "market") => async (call: PaperCall) => {
    const order = await placeOrder(exchange, { kind, call });
    placed();
    return { order_id: order.id };
  };
  return [
    { ...post, path: "/api/1/postorder", run: place("limit") },
    { ...post, path: "/api/1/marketorder", run: place("market") },
    { ...post, path: "/api/1/stoporder", run: (call) => cancel(exchange, call) },
    {
      ...get,
      path: "/api/1/listorders",
      run: (call) => {
        const state = call.parameters.choice("state", ["PENDING", "COMPLETE"], "ErrInvalidArguments");
        const closed = state === undefined ? undefined : state === "COMPLETE";
        return { orders: list(exchange, { call, closed }).map(printOrderV1) };
      },
    },
    {
      ...get,
      path: "/api/exchange/2/listorders",
      run: (call) => {
        const closed = call.parameters.boolean("closed");
        return { orders: list(exchange, { call, closed }).map(printOrderV2) };
      },
    },
    { ...get, path: "/api/1/orders/{id}", run: (call) => printOrderV1(find(exchange, { call, id: call.id })) },
    { ...get, path: "/api/exchange/2/orders/{id}", run: (call) => printOrderV2(find(exchange, { call, id: call.id })) },
    { ...get, path: "/api/exchange/3/order", run: (call) => printOrderV2(findByEitherId(exchange, call)) },
    { ...get, path: "/api/1/listtrades", run: (call) => userTrades(exchange, call) },
    { ...get, path: "/api/1/fee_info", run: (call) => feeInfo(exchange, call) },
  ];
}

async function placeOrder(
  exchange: PaperExchange,
  { kind, call }: { kind: "limit" | "market"; call: PaperCall },
): Promise<Order> {
  const { identity, parameters } = call;
  try {
    return await exchange.place({ identity, kind, parameters });
  } catch (error) {
    throw error instanceof ExchangeError ? orderFailure(error) : error;
  }
}

function cancel(exchange: PaperExchange, { identity, parameters }: PaperCall): object {
  const id = checkedOrderId(parameters.text("order_id") ?? "");
  if (!exchange.cancel(identity, id)) throw new Refusal("ErrCannotStopUnknownOrNonPendingOrder");
  return { success: true };
}

function list(
  { store }: PaperExchange,
  { call, closed }: { call: PaperCall; closed: boolean | undefined },
): readonly Order[] {
  const { identity, parameters, nowMs: atMs } = call;
  return store.orders.list(identity, {
    pair: parameters.text("pair"),
    closed,
    createdBefore: parameters.optionalInteger("created_before"),
    limit: parameters.limit(),
    atMs,
  });
}

function find({ store }: PaperExchange, { call, id }: { call: PaperCall; id: string }): Order {
  const order = store.orders.find(call.identity, { id: checkedOrderId(id) });
  if (order === undefined) throw new Refusal("ErrOrderNotFound");
  return order;
}

/** Exactly one of `id` and `client_order_id` names the order. */
function findByEitherId(exchange: PaperExchange, call: PaperCall): Order {
  const id = call.parameters.text("id");
  const clientOrderId = readClientOrderId(call.parameters);
  if (id !== undefined && clientOrderId === undefined) return find(exchange, { call, id });
  if (id !== undefined || clientOrderId === undefined) throw new Refusal("ErrInvalidParameters");
  const order = exchange.store.orders.find(call.identity, { clientOrderId });
  if (order === undefined) throw new Refusal("ErrOrderNotFound");
  return order;
}

async function userTrades(exchange: PaperExchange, { identity, parameters }: PaperCall): Promise<object> {
  const { market_id: pair } = await exchange.market(parameters.text("pair"));
  return { trades: selectUserTrades(exchange.store.orders.trades(identity, pair), parameters).map(printUserTrade) };
}

async function feeInfo(exchange: PaperExchange, { identity, parameters, nowMs }: PaperCall): Promise<object> {
  const real = await exchange.market(parameters.text("pair"));
  const fees = await exchange.feesIn(real);
  const market = paperMarket(real, { fees, side: "BUY" });
  const trades = exchange.store.orders.trades(identity, market.id).map((trade) => ({ ...trade, market }));
  return {
    maker_fee: fees.maker_fee_buy,
    taker_fee: fees.taker_fee_buy,
    maker_fee_buy: fees.maker_fee_buy,
    maker_fee_sell: fees.maker_fee_sell,
    taker_fee_buy: fees.taker_fee_buy,
    taker_fee_sell: fees.taker_fee_sell,
    thirty_day_volume: printDecimal(thirtyDayVolume(trades, { market, nowMs })),
  };
}

function checkedOrderId(id: string): string {
  if (!ORDER_ID.test(id)) throw new Refusal("ErrInvalidOrderRef");
  return id;
}

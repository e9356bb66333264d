/** Endpoints of orders, own fills and fees. */

import Big from "big.js";
import { PERMISSIONS } from "./keys.ts";
import { printOrderV1, printOrderV2, printUserTrade } from "./order_print.ts";
import { readClientOrderId, readLimitOrder, readMarket, readMarketOrder, type RuleContext } from "./order_rules.ts";
import type { Order } from "../engine/orders.ts";
import { printDecimal, printList } from "./print.ts";
import { Refusal } from "../engine/refusal.ts";
import type { Call, Route } from "./route.ts";
import type { Simulation } from "../simulation.ts";
import { thirtyDayVolume } from "../engine/trading_volume.ts";
import { selectUserTrades } from "./user_trades.ts";

const ORDER_ID = /^BX[0-9A-Z]{6,30}$/;

/** Every endpoint of this file. */
export function orderRoutes(simulation: Simulation): readonly Route[] {
  const { exchange, settings } = simulation;
  const read = { method: "GET", permission: PERMISSIONS.readOrders, isOrderCall: true } as const;
  const write = { method: "POST", permission: PERMISSIONS.writeOrders, isOrderCall: true } as const;
  return [
    {
      ...write,
      path: "/api/1/postorder",
      run: (call) => place(simulation, call, readLimitOrder),
    },
    {
      ...write,
      path: "/api/1/marketorder",
      run: (call) => place(simulation, call, readMarketOrder),
    },
    {
      ...write,
      path: "/api/1/stoporder",
      run: ({ parameters, nowMs }) => {
        const success = exchange.cancel(checkedOrderId(parameters.text("order_id") ?? ""), nowMs);
        if (!success && settings.stopClosedOrder === "error") {
          throw new Refusal("ErrCannotStopUnknownOrNonPendingOrder");
        }
        return { success };
      },
    },
    {
      ...read,
      path: "/api/1/listorders",
      run: (call) => ({ orders: printList(listV1(simulation, call).map(printOrderV1), settings) }),
    },
    {
      ...read,
      path: "/api/exchange/2/listorders",
      run: (call) => {
        const closed = call.parameters.boolean("closed");
        return { orders: printList(list(simulation, call, closed).map(printOrderV2), settings) };
      },
    },
    {
      ...read,
      path: "/api/1/orders/{id}",
      run: (call) => printOrderV1(find(simulation, call, call.id)),
    },
    {
      ...read,
      path: "/api/exchange/2/orders/{id}",
      run: (call) => printOrderV2(find(simulation, call, call.id)),
    },
    {
      ...read,
      path: "/api/exchange/3/order",
      run: (call) => printOrderV2(findByEitherId(simulation, call)),
    },
    {
      ...read,
      path: "/api/1/listtrades",
      run: (call) => {
        const market = readMarket(call.parameters);
        exchange.advance(call.nowMs);
        const atMs = call.atMs - settings.readLagMs;
        const own = exchange.trades.filter((trade) => trade.market === market && trade.timestamp <= atMs);
        return { trades: printList(selectUserTrades(own, call.parameters).map(printUserTrade), settings) };
      },
    },
    {
      ...read,
      path: "/api/1/fee_info",
      run: (call) => feeInfo(simulation, call),
    },
  ];
}

function place(
  { accounts, settings, tape, exchange }: Simulation,
  { parameters, nowMs }: Call,
  read: typeof readLimitOrder,
): object {
  exchange.advance(nowMs);
  const context: RuleContext = {
    accounts,
    settings,
    nowMs,
    lastPrice: (market) => tape.lastTrade(market.id, nowMs).price,
  };
  return { order_id: exchange.place(read(parameters, context), nowMs).id };
}

function listV1(simulation: Simulation, call: Call): readonly Order[] {
  const state = call.parameters.choice("state", ["PENDING", "COMPLETE"], "ErrInvalidArguments");
  return list(simulation, call, state === undefined ? undefined : state === "COMPLETE");
}

function list(
  { exchange }: Simulation,
  { parameters, nowMs, atMs }: Call,
  closed: boolean | undefined,
): readonly Order[] {
  const pair = parameters.text("pair") === undefined ? undefined : readMarket(parameters).id;
  const createdBefore = parameters.optionalInteger("created_before");
  const limit = parameters.limit();
  exchange.advance(nowMs);
  return exchange.orders.list({ pair, closed, createdBefore, limit, atMs });
}

function find({ exchange }: Simulation, { nowMs, atMs }: Call, id: string): Order {
  checkedOrderId(id);
  exchange.advance(nowMs);
  const order = exchange.orders.at(id, atMs);
  if (order === undefined) throw new Refusal("ErrOrderNotFound");
  return order;
}

/** Exactly one of `id` and `client_order_id` names the order. */
function findByEitherId(simulation: Simulation, call: Call): Order {
  const id = call.parameters.text("id");
  const clientOrderId = readClientOrderId(call.parameters);
  if ((id === undefined) === (clientOrderId === undefined)) throw new Refusal("ErrInvalidParameters");
  if (id !== undefined) return find(simulation, call, id);
  const known = simulation.exchange.orders.idOf(clientOrderId ?? "");
  if (known === undefined) throw new Refusal("ErrOrderNotFound");
  return find(simulation, call, known);
}

function feeInfo({ exchange }: Simulation, { parameters, nowMs, atMs }: Call): object {
  const market = readMarket(parameters);
  exchange.advance(nowMs);
  const [maker, taker] = [market.makerFee, market.takerFee].map((fee) => new Big(fee).toFixed(8));
  return {
    maker_fee: maker,
    taker_fee: taker,
    maker_fee_buy: maker,
    maker_fee_sell: maker,
    taker_fee_buy: taker,
    taker_fee_sell: taker,
    thirty_day_volume: printDecimal(thirtyDayVolume(exchange.trades, { market, nowMs: atMs })),
  };
}

function checkedOrderId(id: string): string {
  if (!ORDER_ID.test(id)) throw new Refusal("ErrInvalidOrderRef");
  return id;
}

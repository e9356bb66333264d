/** Orders, own fills and fees of the simulated exchange, for its endpoints. */

import Big from "big.js";
import { priceOf } from "../engine/market_units.ts";
import type { Order } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import { thirtyDayVolume } from "../engine/trading_volume.ts";
import { findMarket, type SimulatedMarket } from "../model/markets.ts";
import type { Simulation } from "../simulation.ts";
import { PERMISSIONS } from "./simulated_keys.ts";
import { statusOf } from "./market_routes.ts";
import { printFeeInfo, printUserTrade } from "./order_print.ts";
import type { OrderHandlers } from "./order_routes.ts";
import { type OrderKind, readOrder } from "./order_request_rules.ts";
import type { Parameters } from "./parameters.ts";
import { printList } from "./print_numbers.ts";
import type { Call } from "./route.ts";
import { readUserTradePage, selectUserTrades } from "./user_trades.ts";

/** The order handlers of a simulation. */
export function simulatedOrders(simulation: Simulation): OrderHandlers<Call> {
  const { exchange, settings } = simulation;
  return {
    permissions: { read: PERMISSIONS.readOrders, write: PERMISSIONS.writeOrders },
    idPattern: /^BX[0-9A-Z]{6,30}$/,
    answersFailedCancel: settings.stopClosedOrder === "success_false",
    emptyLists: settings.emptyLists,
    place: (kind, call) => ({ order_id: place(simulation, kind, call).id }),
    cancel: (id, { nowMs }) => exchange.cancel(id, nowMs),
    list: (call, filter) => list(simulation, call, filter),
    find: (by, { nowMs, atMs }) => {
      exchange.advance(nowMs);
      const id = "id" in by ? by.id : exchange.orders.idOf(by.clientOrderId);
      return id === undefined ? undefined : exchange.orders.at(id, atMs);
    },
    trades: ({ parameters, nowMs, atMs }) => {
      const market = readMarket(parameters);
      exchange.advance(nowMs);
      const own = exchange.trades.filter((trade) =>
        trade.market.id === market.id && trade.timestamp <= atMs - settings.readLagMs
      );
      return { trades: printList(selectUserTrades(own, readUserTradePage(parameters)).map(printUserTrade), settings) };
    },
    feeInfo: ({ parameters, nowMs, atMs }) => {
      const market = readMarket(parameters);
      exchange.advance(nowMs);
      const [maker, taker] = [new Big(market.makerFee).toFixed(8), new Big(market.takerFee).toFixed(8)];
      return printFeeInfo(
        { maker_fee_buy: maker, maker_fee_sell: maker, taker_fee_buy: taker, taker_fee_sell: taker },
        thirtyDayVolume(exchange.trades, { market, nowMs: atMs }),
      );
    },
  };
}

function place({ accounts, settings, tape, exchange }: Simulation, kind: OrderKind, call: Call): Order {
  const { parameters, nowMs } = call;
  exchange.advance(nowMs);
  const market = readMarket(parameters);
  const draft = readOrder(kind, parameters, {
    market,
    status: statusOf(market, settings),
    accounts,
    nowMs,
    lastPrice: () => priceOf(market, tape.lastTrade(market.id, nowMs).price),
    maxOrderValue: settings.maxOrderValue,
  });
  return exchange.place(draft, nowMs);
}

function list(
  { exchange }: Simulation,
  { parameters, nowMs, atMs }: Call,
  { closed }: { readonly closed: boolean | undefined },
) {
  const pair = parameters.text("pair") === undefined ? undefined : readMarket(parameters).id;
  const createdBefore = parameters.optionalInteger("created_before");
  const limit = parameters.limit();
  exchange.advance(nowMs);
  return exchange.orders.list({ pair, closed, createdBefore, limit, atMs });
}

/**
 * The `pair` of a private call.
 *
 * @throws {Refusal} ErrInvalidMarketPair when it does not look like one, ErrMarketUnavailable when there is no such
 * market
 */
function readMarket(parameters: Parameters): SimulatedMarket {
  const pair = parameters.text("pair");
  if (pair === undefined || !/^[A-Z0-9]{6,10}$/.test(pair)) throw new Refusal("ErrInvalidMarketPair");
  const market = findMarket(pair);
  if (market === undefined) throw new Refusal("ErrMarketUnavailable");
  return market;
}

/** Paper orders, their fills and fees, for the order endpoints. */

import { ExchangeError } from "../../exchange/errors.ts";
import { printFeeInfo, printUserTrade } from "../api/order_print.ts";
import type { OrderHandlers } from "../api/order_routes.ts";
import type { OrderKind } from "../api/order_request_rules.ts";
import { readUserTradePage } from "../api/user_trades.ts";
import { thirtyDayVolume, volumePeriod } from "../engine/trading_volume.ts";
import { readOrder, readTrade } from "./ledger_values.ts";
import { orderFailure } from "./real_market_failures.ts";
import type { PaperExchange } from "./paper_exchange.ts";
import { paperMarket } from "./paper_market.ts";
import type { PaperCall } from "./paper_route.ts";

/** The order handlers of paper trading; `placed` is called after each accepted order. */
export function paperOrders(exchange: PaperExchange, { placed }: { placed: () => void }): OrderHandlers<PaperCall> {
  return {
    permissions: { read: 0, write: 0 },
    idPattern: /^[0-9A-Za-z_-]{1,64}$/,
    place: async (kind, call) => {
      const order = await place(exchange, kind, call);
      placed();
      return { order_id: order.id };
    },
    cancel: (id, { identity }) => exchange.cancel(identity, id),
    list: async ({ identity, parameters, nowMs: atMs }, { closed }) => {
      const orders = await exchange.ledger.orders(identity, {
        pair: parameters.text("pair"),
        closed,
        createdBefore: parameters.optionalInteger("created_before"),
        limit: parameters.limit(),
        atMs,
      });
      return orders.map(readOrder);
    },
    find: async (by, { identity }) => {
      const order = await exchange.ledger.order(identity, by);
      return order && readOrder(order);
    },
    trades: async ({ identity, parameters }) => {
      const { market_id: pair } = await exchange.market(parameters.text("pair"));
      const trades = await exchange.ledger.trades(identity, { pair, ...readUserTradePage(parameters) });
      return { trades: trades.map((trade) => printUserTrade(readTrade(trade))) };
    },
    feeInfo: async ({ identity, parameters, nowMs }) => {
      const real = await exchange.market(parameters.text("pair"));
      const fees = await exchange.feesIn(real);
      const market = paperMarket(real, { fees, side: "BUY" });
      const trades = await exchange.ledger.trades(identity, { pair: market.id, ...volumePeriod(nowMs) });
      return printFeeInfo(fees, thirtyDayVolume(trades.map(readTrade), { market, nowMs }));
    },
  };
}

async function place(exchange: PaperExchange, kind: OrderKind, { identity, parameters }: PaperCall) {
  try {
    return await exchange.place({ identity, kind, parameters });
  } catch (error) {
    throw error instanceof ExchangeError ? orderFailure(error) : error;
  }
}

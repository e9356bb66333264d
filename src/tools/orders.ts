/** Orders, fills and fees of the key's owner; read only. */

import { z } from "zod";
import { formatPercent, parseDecimal } from "../money/decimals.ts";
import Big from "big.js";
import { type CursorQuery, positionAfter, readCursor, rowsAfter, TimePosition, writeCursor } from "./cursor.ts";
import { ExchangeText, exchangeText } from "./exchange_text.ts";
import {
  ClientOrderId,
  CursorText,
  fieldsOf,
  isoTime,
  LeftOut,
  leftOut,
  Moment,
  NextCursor,
  OrderId,
  PairText,
  pickFields,
  readPastMoment,
  rowLimit,
  Warnings,
  warningsOf,
} from "./inputs.ts";
import { feeDoubts } from "../trading/orders/market_warnings.ts";
import { readOrders } from "./order_list.ts";
import { ORDER_FIELDS, OrderRow, orderRow } from "./order_row.ts";
import { targetOf } from "./order_target.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";
import type { UserTrade } from "../exchange/order_schemas.ts";

const OrderPage = z.object({ orders: z.array(OrderRow.partial()), next_cursor: NextCursor, left_out: LeftOut });

const listInput = {
  pair: PairText.optional(),
  limit: rowLimit({ default: 25, max: 500 }),
  cursor: CursorText.optional(),
  fields: fieldsOf(ORDER_FIELDS),
};

const getOpenOrders = defineTool({
  name: "get_open_orders",
  title: "Open orders",
  description:
    "Your orders that can still trade, stop orders (stop loss) too, latest first; status awaiting means not on the book yet, or a stop that has not triggered.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject(listInput),
  output: OrderPage,
  async run({ fields, ...query }, context) {
    const page = await readOrders(context, { ...query, state: "open" });
    return { orders: pickFields(page.orders.map(orderRow), fields), ...page.next, ...leftOut(page.leftOut) };
  },
});

const listOrders = defineTool({
  name: "list_orders",
  title: "Order history",
  description:
    "Your orders of the last 100 days, latest first, open and closed; filled, cancelled and expired (ended by the exchange) are distinguished. Single fills are in get_trade_history.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...listInput,
    state: z.enum(["all", "open", "closed", "filled", "cancelled", "expired"]).default("all"),
  }),
  output: OrderPage,
  async run({ fields, ...query }, context) {
    const page = await readOrders(context, query);
    return { orders: pickFields(page.orders.map(orderRow), fields), ...page.next, ...leftOut(page.leftOut) };
  },
});

const getOrderStatus = defineTool({
  name: "get_order_status",
  title: "Order status",
  description:
    "Whether one order is open, filled or cancelled, and what it traded; by its order_id or by the client_order_id that it was placed with.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    order_id: OrderId.optional(),
    client_order_id: ClientOrderId.optional(),
  }),
  output: OrderRow,
  async run(input, { exchange, broker, signal }) {
    const target = targetOf(input);
    const by = "orderId" in target ? { id: target.orderId } : { client_order_id: target.clientOrderId };
    const read = () => exchange.call("getOrder", by, { signal });
    return orderRow(await (broker === undefined ? read() : broker.read(target, read, signal)));
  },
});

const TRADE_FIELDS = [
  "sequence",
  "time",
  "order_id",
  "client_order_id",
  "side",
  "role",
  "price",
  "volume",
  "value",
  "fee_base",
  "fee_counter",
] as const;

const TradeRow = z.object({
  sequence: z.int(),
  time: z.string().optional(),
  order_id: z.string(),
  client_order_id: ExchangeText.optional(),
  side: z.enum(["BUY", "SELL"]),
  role: z.enum(["maker", "taker"]),
  price: z.string(),
  volume: z.string(),
  value: z.string(),
  fee_base: z.string(),
  fee_counter: z.string(),
});

const getTradeHistory = defineTool({
  name: "get_trade_history",
  title: "Own trades",
  description:
    "Your own trades (fills) in one pair, latest first, with side, maker or taker and fees. May lag a moment behind. Those of everybody are in get_recent_trades.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    pair: PairText,
    since: Moment.optional().describe("ISO 8601 or Unix ms"),
    limit: rowLimit({ default: 25, max: 500 }),
    cursor: CursorText.optional(),
    fields: fieldsOf(TRADE_FIELDS),
  }),
  output: z.object({
    pair: z.string(),
    trades: z.array(TradeRow.partial()),
    next_cursor: NextCursor,
    left_out: LeftOut,
  }),
  async run({ pair, since, limit, cursor, fields }, { exchange, markets, now, signal }) {
    const market = await markets.resolve(pair, { signal });
    const sinceMs = since === undefined ? null : readPastMoment("since", since, now());
    const query: CursorQuery = ["get_trade_history", market.market_id, sinceMs];
    const position = cursor === undefined ? undefined : readCursor(TimePosition, { cursor, query });
    const { trades, left_out } = await exchange.call("listUserTrades", {
      pair: market.market_id,
      sort_desc: true,
      limit: limit + 1 + (position?.seen.length ?? 0),
      ...(sinceMs === null ? {} : { since: sinceMs }),
      ...(position === undefined ? {} : { before_seq: position.atMs + 1 }),
    }, { signal });
    const rest = rowsAfter(trades, position, tradeKey);
    const rows = rest.slice(0, limit);
    const next = rest.length + left_out > limit && rows.length > 0
      ? positionAfter(rows, position, tradeKey)
      : undefined;
    return {
      pair: market.market_id,
      trades: pickFields(rows.map(tradeRow), fields),
      ...(next === undefined ? {} : { next_cursor: writeCursor(next, query) }),
      ...leftOut(left_out),
    };
  },
});

const getFees = defineTool({
  name: "get_fees",
  title: "Trading fees",
  description:
    "Your maker and taker fees in one pair, in percent; a negative maker fee is paid to you. As of last midnight GMT.",
  group: "account",
  scope: "account:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ pair: PairText }),
  output: z.object({
    pair: z.string(),
    maker_buy_percent: z.string(),
    maker_sell_percent: z.string(),
    taker_buy_percent: z.string(),
    taker_sell_percent: z.string(),
    thirty_day_volume: z.string(),
    warnings: Warnings,
  }),
  async run({ pair }, { exchange, markets, signal }) {
    const market = await markets.resolve(pair, { signal });
    const fees = await exchange.call("getFeeInfo", { pair: market.market_id }, { signal });
    return {
      pair: market.market_id,
      maker_buy_percent: percent(fees.maker_fee_buy),
      maker_sell_percent: percent(fees.maker_fee_sell),
      taker_buy_percent: percent(fees.taker_fee_buy),
      taker_sell_percent: percent(fees.taker_fee_sell),
      thirty_day_volume: fees.thirty_day_volume,
      ...warningsOf(...feeDoubts(fees)),
    };
  },
});

/** Orders, fills and fees. */
export const orderTools: readonly Tool[] = [getOpenOrders, listOrders, getOrderStatus, getTradeHistory, getFees];

/** Fills have a number, which also serves as their time; a trade with oneself makes two fills of one number. */
function tradeKey(trade: UserTrade): { id: string; atMs: number } {
  return { id: trade.order_id, atMs: trade.sequence };
}

/** A fill in answers. */
export function tradeRow(trade: UserTrade): z.output<typeof TradeRow> {
  const bought = trade.type === "BID";
  return {
    sequence: trade.sequence,
    time: isoTime(trade.timestamp),
    order_id: trade.order_id,
    ...(trade.client_order_id === "" ? {} : { client_order_id: exchangeText(trade.client_order_id) }),
    side: bought ? "BUY" : "SELL",
    role: bought === trade.is_buy ? "taker" : "maker",
    price: trade.price,
    volume: trade.volume,
    value: trade.counter,
    fee_base: trade.fee_base,
    fee_counter: trade.fee_counter,
  };
}

function percent(fraction: string): string {
  return formatPercent(parseDecimal(fraction), new Big(1), 6) ?? "0";
}

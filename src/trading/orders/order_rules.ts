/**
 * Turns a requested order into the exact order to send, or into a list of everything that is wrong with it. Reads no
 * clock and no exchange. Whether it can be paid, would fill or is allowed is decided by the estimate and the policy;
 * `Markets` resolves the pair.
 */

import { formatDecimal } from "../../money/decimals.ts";
import type { ParamsOf } from "../../exchange/endpoints.ts";
import { namesPair } from "../../money/pair_names.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { Book } from "../../market/book_walk.ts";
import { namedPair } from "../../market/pairs.ts";
import type { Order, OrderRequest } from "./order.ts";
import {
  checkPurchase,
  convertAtPrice,
  convertPurchase,
  convertSale,
  currently,
  type Draft,
  type OrderProblem,
  readCounterVolume,
  readPrice,
  readVolume,
  refuse,
} from "./order_amounts.ts";

/** The exact order and the conversions that were made, or every problem at once. */
export type Normalized =
  | { readonly ok: true; readonly order: Order; readonly notes: string[] }
  | { readonly ok: false; readonly problems: OrderProblem[] };

/** The call that places an order, without `client_order_id` and time. */
export type OrderCall =
  | { readonly endpoint: "postLimitOrder"; readonly params: ParamsOf<"postLimitOrder"> }
  | { readonly endpoint: "postMarketOrder"; readonly params: ParamsOf<"postMarketOrder"> };

/**
 * Normalizes an order. An amount in the other currency is converted: the base for a counter amount is rounded down, the
 * counter amount of a market order to buy is rounded up; a note says by how much.
 */
export function normalizeOrder(
  request: OrderRequest,
  market: Market,
  { book }: { readonly book?: Book | undefined } = {},
): Normalized {
  const draft: Draft = { request, market, book, problems: [], notes: [] };
  checkMarket(draft);
  checkFields(draft);
  const order = request.type === "market" ? readMarketOrder(draft) : readLimitOrder(draft);
  const { problems, notes } = draft;
  return problems.length > 0 || order === undefined ? { ok: false, problems } : { ok: true, order, notes };
}

/**
 * The call that places an order.
 *
 * @throws {TypeError} when the order lacks what its type requires, which {@linkcode normalizeOrder} prevents
 */
export function toRequestParams(order: Order): OrderCall {
  const { pair, side, type, volume, counterVolume } = order;
  if (type !== "market") return { endpoint: "postLimitOrder", params: limitParams(order) };
  const params: ParamsOf<"postMarketOrder"> = { pair, type: side };
  if (side === "BUY") params.counter_volume = counterVolume ?? missing("counterVolume", order);
  else params.base_volume = volume ?? missing("volume", order);
  return { endpoint: "postMarketOrder", params };
}

function limitParams(order: Order): ParamsOf<"postLimitOrder"> {
  const { pair, side, volume, price, timeInForce, postOnly, stopPrice, stopDirection } = order;
  return {
    pair,
    type: side === "BUY" ? "BID" : "ASK",
    volume: volume ?? missing("volume", order),
    price: price ?? missing("price", order),
    ...(timeInForce === undefined ? {} : { time_in_force: timeInForce }),
    ...(postOnly ? { post_only: true } : {}),
    ...(stopPrice === undefined ? {} : { stop_price: stopPrice }),
    ...(stopDirection === undefined ? {} : { stop_direction: stopDirection }),
  };
}

function missing(field: keyof Order, { side, type }: Order): never {
  throw new TypeError(`Cannot send order as ${field} is missing: current value is a ${type} order to ${side}`);
}

function checkMarket(draft: Draft): void {
  const { request, market } = draft;
  if (!namesPair(request.pair, namedPair(market))) {
    const problem = `expected ${market.market_id}${currently(request.pair)}`;
    refuse(draft, { field: "pair", code: "ERR_PAIR_UNKNOWN", problem });
  }
  const isPostOnly = request.type === "limit" && request.post_only === true;
  if (market.trading_status === "POST_ONLY" && !isPostOnly) {
    const problem = `expected true, with type limit: ${market.market_id} takes post-only orders alone for now`;
    refuse(draft, { field: "post_only", code: "ERR_MARKET_POST_ONLY", problem });
  } else if (market.trading_status !== "ACTIVE" && market.trading_status !== "POST_ONLY") {
    const problem = `expected a market that is open: ${market.market_id} is suspended, or in a state not known here`;
    refuse(draft, { field: "pair", code: "ERR_MARKET_CLOSED", problem });
  }
}

/** Checks which fields may be combined. */
function checkFields(draft: Draft): void {
  const { type, volume, counter_volume, price } = draft.request;
  if (volume === undefined && counter_volume === undefined) {
    lacks(draft, "volume", "expected volume or counter_volume");
  }
  if (volume !== undefined && counter_volume !== undefined) {
    clashes(draft, "counter_volume", "expected either volume or counter_volume, not both");
  }
  if (type !== "market" && price === undefined) lacks(draft, "price", `expected a price for a ${type} order`);
  if (type === "market" && price !== undefined) {
    clashes(draft, "price", "expected none for a market order: use a limit order with IOC to bound the price");
  }
  checkLifetime(draft);
  checkStop(draft);
}

function checkLifetime(draft: Draft): void {
  const { type, time_in_force, post_only } = draft.request;
  if (type === "market" && time_in_force !== undefined) {
    clashes(draft, "time_in_force", "expected none for a market order, which never rests");
  }
  if (post_only !== true) return;
  if (type !== "limit") clashes(draft, "post_only", `expected none for a ${type} order: it belongs to limit orders`);
  else if (time_in_force !== undefined && time_in_force !== "GTC") {
    clashes(draft, "post_only", `expected none with ${time_in_force}, which never rests`);
  }
}

function checkStop(draft: Draft): void {
  const { type, stop_price, stop_direction } = draft.request;
  if (type === "stop_limit") {
    if (stop_price === undefined) lacks(draft, "stop_price", "expected a stop price for a stop_limit order");
    return;
  }
  const problem = `expected none for a ${type} order: it belongs to type stop_limit`;
  if (stop_price !== undefined) clashes(draft, "stop_price", problem);
  if (stop_direction !== undefined) clashes(draft, "stop_direction", problem);
}

function readLimitOrder(draft: Draft): Order | undefined {
  const { request, market, notes } = draft;
  const price = readPrice(draft, "price");
  const stopPrice = readPrice(draft, "stop_price");
  const counter = readCounterVolume(draft);
  const volume = readVolume(draft) ?? (counter && price && convertAtPrice(draft, counter, price));
  if (volume === undefined || price === undefined) return undefined;
  const order: Order = {
    ...headOf(request, market),
    volume: formatDecimal(volume),
    price: formatDecimal(price),
    timeInForce: request.time_in_force ?? "GTC",
    ...(request.post_only === true ? { postOnly: true } : {}),
  };
  if (stopPrice === undefined) return order;
  if (request.stop_direction === undefined) {
    notes.push("stop_direction is RELATIVE_LAST_TRADE, as none was given: the exchange picks it by the last trade");
  }
  const stopDirection = request.stop_direction ?? "RELATIVE_LAST_TRADE";
  return { ...order, stopPrice: formatDecimal(stopPrice), stopDirection };
}

/** The exchange's market orders buy for a counter amount and sell a base amount; other amounts are converted. */
function readMarketOrder(draft: Draft): Order | undefined {
  const { request, market } = draft;
  const volume = readVolume(draft);
  const counter = readCounterVolume(draft);
  if (request.side === "SELL") {
    const sold = volume ?? (counter && convertSale(draft, counter));
    return sold && { ...headOf(request, market), volume: formatDecimal(sold) };
  }
  if (counter !== undefined) checkPurchase(draft, counter);
  const spent = counter ?? (volume && convertPurchase(draft, volume));
  return spent && { ...headOf(request, market), counterVolume: formatDecimal(spent) };
}

function headOf({ side, type }: OrderRequest, { market_id, base_currency, counter_currency }: Market) {
  return { pair: market_id, base: base_currency, counter: counter_currency, side, type };
}

function lacks(draft: Draft, field: keyof OrderRequest, problem: string): void {
  refuse(draft, { field, code: "ERR_FIELD_MISSING", problem });
}

function clashes(draft: Draft, field: keyof OrderRequest, problem: string): void {
  refuse(draft, { field, code: "ERR_FIELD_CONFLICT", problem });
}

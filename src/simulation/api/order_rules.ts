/** What the exchange demands of an order request before it looks at funds or at the book. */

import type Big from "big.js";
import { countDecimals } from "../../money/decimals.ts";
import type { LunoErrorCode } from "../../exchange/luno_errors.ts";
import type { Account, Accounts } from "../engine/accounts.ts";
import type { OrderDraft } from "../engine/order_draft.ts";
import { decimalsOf } from "../../money/currencies.ts";
import { lotsOf, priceOf, ticksOf } from "../model/market_units.ts";
import { findMarket, type SimulatedMarket, type TradingStatus } from "../model/markets.ts";
import type { Settings } from "../options.ts";
import type { Stop } from "../engine/orders.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";
import { Refusal } from "../engine/refusal.ts";

/** What the rules look up. `lastPrice` is in ticks, `null` in a market without trades. */
export interface RuleContext {
  readonly accounts: Accounts;
  readonly settings: Settings;
  readonly nowMs: number;
  readonly lastPrice: (market: SimulatedMarket) => number | null;
}

const CLIENT_ORDER_ID = /^[0-9A-Za-z_;,.-]{1,255}$/;
const MAX_TTL_MS = 10_000;

/**
 * Reads a limit or stop-limit order.
 *
 * @throws {Refusal} with the code of the first rule that is broken
 */
export function readLimitOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const market = readMarket(parameters);
  const type = parameters.choice("type", ["BID", "ASK"], "ErrInvalidOrderSide");
  if (type === undefined) throw new Refusal("ErrInvalidOrderSide");
  const timeInForce = parameters.choice("time_in_force", ["GTC", "IOC", "FOK"], "ErrInvalidArguments") ?? "GTC";
  const postOnly = parameters.boolean("post_only");
  if (postOnly && timeInForce !== "GTC") throw new Refusal("ErrPostOnlyNotAllowed");
  refuseUnlessOpen(market, { postOnly, settings: context.settings });
  const volume = required(parameters.decimal("volume", "ErrInvalidVolume"), "ErrInvalidVolume");
  refuseVolume(market, volume);
  const price = required(parameters.decimal("price", "ErrInvalidPrice"), "ErrInvalidPrice");
  refusePrice(market, price, { low: "ErrPriceTooLow", high: "ErrPriceTooHigh" });
  const { maxOrderValue } = context.settings;
  if (Number(maxOrderValue) > 0 && price.times(volume).gt(maxOrderValue)) throw new Refusal("ErrValueTooHigh");
  const stop = readStop(parameters, market, context);
  return {
    market,
    side: type === "BID" ? "BUY" : "SELL",
    type: stop === null ? "LIMIT" : "STOP_LIMIT",
    timeInForce,
    postOnly,
    limitPrice: ticksOf(market, price),
    limitVolume: lotsOf(market, volume),
    budget: null,
    stop,
    ...readCommon(parameters, market, context),
  };
}

/**
 * Reads a market order: a BUY by what it spends, a SELL by what it sells.
 *
 * @throws {Refusal} with the code of the first rule that is broken
 */
export function readMarketOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const market = readMarket(parameters);
  const side = parameters.choice("type", ["BUY", "SELL"], "ErrInvalidOrderSide");
  if (side === undefined) throw new Refusal("ErrInvalidOrderSide");
  refuseUnlessOpen(market, { postOnly: false, settings: context.settings });
  const spent = parameters.decimal("counter_volume", "ErrInvalidCounterVolume");
  const sold = parameters.decimal("base_volume", "ErrInvalidBaseVolume");
  if (side === "BUY") {
    const budget = required(spent, "ErrInvalidCounterVolume");
    if (countDecimals(budget) > decimalsOf(market.counter)) throw new Refusal("ErrCounterDenominationNotAllowed");
    return { ...marketDraft(market), side, limitVolume: 0, budget, ...readCommon(parameters, market, context) };
  }
  const volume = required(sold, "ErrInvalidBaseVolume");
  refuseVolume(market, volume);
  return {
    ...marketDraft(market),
    side,
    limitVolume: lotsOf(market, volume),
    budget: null,
    ...readCommon(parameters, market, context),
  };
}

/**
 * Reads the `pair` of a private call.
 *
 * @throws {Refusal} ErrInvalidMarketPair when it does not look like one, ErrMarketUnavailable when there is no such market
 */
export function readMarket(parameters: Parameters): SimulatedMarket {
  const pair = parameters.text("pair");
  if (pair === undefined || !/^[A-Z0-9]{6,10}$/.test(pair)) throw new Refusal("ErrInvalidMarketPair");
  const market = findMarket(pair);
  if (market === undefined) throw new Refusal("ErrMarketUnavailable");
  return market;
}

/**
 * Reads a `client_order_id`.
 *
 * @throws {Refusal} ErrInvalidClientOrderId for a foreign character or more than 255
 */
export function readClientOrderId(parameters: Parameters): string | undefined {
  const id = parameters.text("client_order_id");
  if (id !== undefined && !CLIENT_ORDER_ID.test(id)) throw new Refusal("ErrInvalidClientOrderId");
  return id;
}

/** The trading status of a market, as listed or as the settings override it. */
export function statusOf(market: SimulatedMarket, settings: Settings): TradingStatus {
  return settings.marketStatus[market.id] ?? market.status;
}

function marketDraft(market: SimulatedMarket) {
  return { market, type: "MARKET", timeInForce: "IOC", postOnly: false, limitPrice: 0, stop: null } as const;
}

/** Everything that both kinds of order share: deadline, client order id, accounts. */
function readCommon(parameters: Parameters, market: SimulatedMarket, { accounts, nowMs }: RuleContext) {
  const timestamp = parameters.optionalInteger("timestamp");
  const ttl = parameters.optionalInteger("ttl") ?? MAX_TTL_MS;
  if (ttl < 1 || ttl > MAX_TTL_MS) throw invalidArgument("ttl");
  if (timestamp !== undefined && nowMs > timestamp + ttl) throw new Refusal("ErrDeadlineExceeded");
  return {
    clientOrderId: readClientOrderId(parameters) ?? "",
    baseAccountId: accountFor(parameters.id("base_account_id"), market.base, accounts).id,
    counterAccountId: accountFor(parameters.id("counter_account_id"), market.counter, accounts).id,
  };
}

function accountFor(id: string | undefined, currency: string, accounts: Accounts): Account {
  const account = id === undefined ? accounts.defaultIn(currency) : accounts.get(id);
  // Without an account in the currency there is nothing to pay with and nowhere to pay to.
  if (account === undefined) throw new Refusal("ErrUserNotVerifiedForCurrency");
  if (account.currency !== currency) throw new Refusal("ErrInvalidAccount");
  return account;
}

function refuseUnlessOpen(
  market: SimulatedMarket,
  { postOnly, settings }: { readonly postOnly: boolean; readonly settings: Settings },
): void {
  const status = statusOf(market, settings);
  if (status === "UNKNOWN") throw new Refusal("ErrMarketUnavailable");
  if (status !== "ACTIVE" && !postOnly) throw new Refusal("ErrPostOnlyMode");
}

function refuseVolume(market: SimulatedMarket, volume: Big): void {
  if (countDecimals(volume) > market.volumeScale) throw new Refusal("ErrVolumeDenominationNotAllowed");
  if (volume.lt(market.minVolume)) throw new Refusal("ErrVolumeTooLow");
  if (volume.gt(market.maxVolume)) throw new Refusal("ErrVolumeTooHigh");
}

function refusePrice(
  market: SimulatedMarket,
  price: Big,
  { low, high }: { readonly low: LunoErrorCode; readonly high: LunoErrorCode },
): void {
  if (countDecimals(price) > market.priceScale) throw new Refusal("ErrPriceDenominationNotAllowed");
  if (price.lt(market.minPrice)) throw new Refusal(low);
  if (price.gt(market.maxPrice)) throw new Refusal(high);
}

function readStop(parameters: Parameters, market: SimulatedMarket, { lastPrice }: RuleContext): Stop | null {
  const price = parameters.decimal("stop_price", "ErrInvalidStopPrice");
  const wanted = parameters.choice(
    "stop_direction",
    ["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"],
    "ErrInvalidStopDirection",
  );
  if (price === undefined) {
    if (wanted !== undefined) throw new Refusal("ErrInvalidStopPrice");
    return null;
  }
  if (wanted === undefined) throw new Refusal("ErrInvalidStopDirection");
  refusePrice(market, price, { low: "ErrStopPriceTooLow", high: "ErrStopPriceTooHigh" });
  if (wanted !== "RELATIVE_LAST_TRADE") return { price: ticksOf(market, price), direction: wanted };
  const last = lastPrice(market);
  if (last === null) throw new Refusal("ErrNoTradesToInferStopDirection");
  return { price: ticksOf(market, price), direction: priceOf(market, last).lt(price) ? "ABOVE" : "BELOW" };
}

function required(value: Big | undefined, code: LunoErrorCode): Big {
  if (value === undefined) throw new Refusal(code);
  return value;
}

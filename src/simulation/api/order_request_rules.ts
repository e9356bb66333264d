/** The exchange's rules for order requests, checked before funds and book. */

import type Big from "big.js";
import { decimalsOf } from "../../money/currencies.ts";
import { countDecimals, parseDecimal } from "../../money/decimals.ts";
import type { LunoErrorCode } from "../../exchange/luno_errors.ts";
import type { TradedMarket, TradingStatus } from "../engine/market.ts";
import { lotsOf, priceOf, ticksOf } from "../engine/market_units.ts";
import type { Side } from "../engine/matching.ts";
import type { OrderDraft } from "../engine/order_draft.ts";
import type { Stop } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import { invalidArgument, type Parameters } from "./parameters.ts";

/** The fields of an account that the rules use. */
export interface RuleAccount {
  readonly id: string;
  readonly currency: string;
}

/** What the rules look up. */
export interface RuleContext {
  readonly market: TradedMarket;
  /** @default the market's own */
  readonly status?: TradingStatus;
  readonly accounts: {
    /** @throws {Refusal} ErrAccountNotFound */
    get(id: string): RuleAccount;
    /** The default account, used when a request names none. */
    defaultIn(currency: string): RuleAccount | undefined;
  };
  /** Wall clock. */
  readonly nowMs: number;
  /** Price of the latest public trade; `null` in a market without trades. */
  lastPrice(): Big | null;
  /** Highest price times volume of a limit order, in counter currency. @default none */
  readonly maxOrderValue?: string;
}

/** A limit or stop-limit order, or a market order. */
export type OrderKind = "limit" | "market";

const CLIENT_ORDER_ID = /^[0-9A-Za-z_;,.-]{1,255}$/;
const MAX_TTL_MS = 10_000;

/**
 * Parses an order.
 *
 * @throws {Refusal} with the code of the first rule that is broken
 */
export function readOrder(kind: OrderKind, parameters: Parameters, context: RuleContext): OrderDraft {
  return kind === "limit" ? readLimitOrder(parameters, context) : readMarketOrder(parameters, context);
}

/** The side in a request. */
export function readSide(kind: OrderKind, parameters: Parameters): Side {
  const [buy, sell] = kind === "limit" ? ["BID", "ASK"] as const : ["BUY", "SELL"] as const;
  const word = parameters.choice("type", [buy, sell], "ErrInvalidOrderSide");
  if (word === undefined) throw new Refusal("ErrInvalidOrderSide");
  return word === buy ? "BUY" : "SELL";
}

/**
 * The time after which a request must not take effect; `Infinity` without one.
 *
 * @throws {Refusal} ErrInvalidArguments for a `ttl` beyond ten seconds
 */
export function readDeadline(parameters: Parameters): number {
  const timestamp = parameters.optionalInteger("timestamp");
  const ttl = parameters.optionalInteger("ttl") ?? MAX_TTL_MS;
  if (ttl < 1 || ttl > MAX_TTL_MS) throw invalidArgument("ttl");
  return timestamp === undefined ? Infinity : timestamp + ttl;
}

/**
 * Parses a `client_order_id`.
 *
 * @throws {Refusal} ErrInvalidClientOrderId for an invalid character or more than 255
 */
export function readClientOrderId(parameters: Parameters): string | undefined {
  const id = parameters.text("client_order_id");
  if (id !== undefined && !CLIENT_ORDER_ID.test(id)) throw new Refusal("ErrInvalidClientOrderId");
  return id;
}

function readLimitOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const { market, maxOrderValue = "0" } = context;
  const side = readSide("limit", parameters);
  const timeInForce = parameters.choice("time_in_force", ["GTC", "IOC", "FOK"], "ErrInvalidArguments") ?? "GTC";
  const postOnly = parameters.boolean("post_only");
  if (postOnly && timeInForce !== "GTC") throw new Refusal("ErrPostOnlyNotAllowed");
  refuseUnlessOpen(context, { postOnly });
  const volume = required(parameters.decimal("volume", "ErrInvalidVolume"), "ErrInvalidVolume");
  const limitVolume = checkedLots(market, volume);
  const price = required(parameters.decimal("price", "ErrInvalidPrice"), "ErrInvalidPrice");
  const limitPrice = checkedTicks(market, price, { low: "ErrPriceTooLow", high: "ErrPriceTooHigh" });
  if (Number(maxOrderValue) > 0 && price.times(volume).gt(maxOrderValue)) throw new Refusal("ErrValueTooHigh");
  const stop = readStop(parameters, context);
  const type = stop === null ? "LIMIT" : "STOP_LIMIT";
  const limits = { side, type, timeInForce, postOnly, limitPrice, limitVolume, stop, budget: null } as const;
  return { market, ...limits, ...readCommon(parameters, context) };
}

/** A BUY specifies the amount to spend, a SELL the amount to sell. */
function readMarketOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const { market } = context;
  const side = readSide("market", parameters);
  refuseUnlessOpen(context, { postOnly: false });
  const draft = {
    market,
    side,
    type: "MARKET",
    timeInForce: "IOC",
    postOnly: false,
    limitPrice: 0,
    stop: null,
  } as const;
  const spent = parameters.decimal("counter_volume", "ErrInvalidCounterVolume");
  const sold = parameters.decimal("base_volume", "ErrInvalidBaseVolume");
  if (side === "SELL") {
    const limitVolume = checkedLots(market, required(sold, "ErrInvalidBaseVolume"));
    return { ...draft, limitVolume, budget: null, ...readCommon(parameters, context) };
  }
  const budget = required(spent, "ErrInvalidCounterVolume");
  if (countDecimals(budget) > decimalsOf(market.counter)) throw new Refusal("ErrCounterDenominationNotAllowed");
  return { ...draft, limitVolume: 0, budget, ...readCommon(parameters, context) };
}

/** What both kinds of order share: deadline, client order id, accounts. */
function readCommon(parameters: Parameters, { market, accounts, nowMs }: RuleContext) {
  if (nowMs > readDeadline(parameters)) throw new Refusal("ErrDeadlineExceeded");
  const accountFor = (name: string, currency: string) => {
    const id = parameters.id(name);
    const account = id === undefined ? accounts.defaultIn(currency) : accounts.get(id);
    // Without an account in the currency the order cannot be paid from or into it.
    if (account === undefined) throw new Refusal("ErrUserNotVerifiedForCurrency");
    if (account.currency !== currency) throw new Refusal("ErrInvalidAccount");
    return account.id;
  };
  return {
    clientOrderId: readClientOrderId(parameters) ?? "",
    baseAccountId: accountFor("base_account_id", market.base),
    counterAccountId: accountFor("counter_account_id", market.counter),
  };
}

function refuseUnlessOpen(
  { market, status = market.status }: RuleContext,
  { postOnly }: { readonly postOnly: boolean },
): void {
  if (status === "UNKNOWN") throw new Refusal("ErrMarketUnavailable");
  if (status !== "ACTIVE" && !postOnly) throw new Refusal("ErrPostOnlyMode");
}

function checkedLots(market: TradedMarket, volume: Big): number {
  if (countDecimals(volume) > market.volumeScale) throw new Refusal("ErrVolumeDenominationNotAllowed");
  if (volume.lt(parseDecimal(market.minVolume))) throw new Refusal("ErrVolumeTooLow");
  if (volume.gt(parseDecimal(market.maxVolume))) throw new Refusal("ErrVolumeTooHigh");
  return counted(lotsOf(market, volume), "ErrVolumeTooHigh");
}

function checkedTicks(
  market: TradedMarket,
  price: Big,
  { low, high }: { readonly low: LunoErrorCode; readonly high: LunoErrorCode },
): number {
  if (countDecimals(price) > market.priceScale) throw new Refusal("ErrPriceDenominationNotAllowed");
  if (price.lt(parseDecimal(market.minPrice))) throw new Refusal(low);
  if (price.gt(parseDecimal(market.maxPrice))) throw new Refusal(high);
  return counted(ticksOf(market, price), high);
}

function readStop(parameters: Parameters, { market, lastPrice }: RuleContext): Stop | null {
  const stop = parameters.decimal("stop_price", "ErrInvalidStopPrice");
  const wanted = parameters.choice(
    "stop_direction",
    ["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"],
    "ErrInvalidStopDirection",
  );
  if (stop === undefined && wanted === undefined) return null;
  if (stop === undefined) throw new Refusal("ErrInvalidStopPrice");
  if (wanted === undefined) throw new Refusal("ErrInvalidStopDirection");
  const price = checkedTicks(market, stop, { low: "ErrStopPriceTooLow", high: "ErrStopPriceTooHigh" });
  if (wanted !== "RELATIVE_LAST_TRADE") return { price, direction: wanted };
  const last = lastPrice();
  if (last === null) throw new Refusal("ErrNoTradesToInferStopDirection");
  return { price, direction: last.lt(priceOf(market, price)) ? "ABOVE" : "BELOW" };
}

/** Above 2^53 lots or ticks would no longer be exact. */
function counted(count: number, code: LunoErrorCode): number {
  if (!Number.isSafeInteger(count)) throw new Refusal(code);
  return count;
}

function required(value: Big | undefined, code: LunoErrorCode): Big {
  if (value === undefined) throw new Refusal(code);
  return value;
}

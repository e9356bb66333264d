/** What the exchange demands of an order request before it looks at funds or at the book, in a real market. */

import type Big from "big.js";
import type { LunoErrorCode } from "../../exchange/luno_errors.ts";
import { countDecimals, parseDecimal } from "../../money/decimals.ts";
import { readClientOrderId } from "../api/order_rules.ts";
import { invalidArgument, type Parameters } from "../api/parameters.ts";
import { decimalsOf } from "../../money/currencies.ts";
import { lotsOf, priceOf, ticksOf } from "../model/market_units.ts";
import type { SimulatedMarket } from "../model/markets.ts";
import type { OrderDraft } from "../engine/order_draft.ts";
import type { Stop } from "../engine/orders.ts";
import { Refusal } from "../engine/refusal.ts";
import type { PaperAccount } from "./paper_accounts.ts";

/** What the rules look up. */
export interface RuleContext {
  /** With the fees of the order's side. */
  readonly market: SimulatedMarket;
  readonly accounts: readonly PaperAccount[];
  /** Price of the newest real trade; `null` in a market without trades. */
  readonly lastPrice: Big | null;
}

const MAX_TTL_MS = 10_000;

/** The side that a request names; `undefined` when it names none. */
export function readSide(parameters: Parameters, words: "limit" | "market"): "BUY" | "SELL" {
  const [buy, sell] = words === "limit" ? ["BID", "ASK"] as const : ["BUY", "SELL"] as const;
  const word = parameters.choice("type", [buy, sell], "ErrInvalidOrderSide");
  if (word === undefined) throw new Refusal("ErrInvalidOrderSide");
  return word === buy ? "BUY" : "SELL";
}

/**
 * The moment after which a request must have no effect; `Infinity` without one.
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
 * Reads a limit or stop-limit order.
 *
 * @throws {Refusal} with the code of the first rule that is broken
 */
export function readLimitOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const { market } = context;
  const side = readSide(parameters, "limit");
  const timeInForce = parameters.choice("time_in_force", ["GTC", "IOC", "FOK"], "ErrInvalidArguments") ?? "GTC";
  const postOnly = parameters.boolean("post_only");
  if (postOnly && timeInForce !== "GTC") throw new Refusal("ErrPostOnlyNotAllowed");
  refuseUnlessOpen(market, { postOnly });
  const limitVolume = readVolume(parameters, { name: "volume", code: "ErrInvalidVolume", market });
  const price = required(parameters.decimal("price", "ErrInvalidPrice"), "ErrInvalidPrice");
  const limitPrice = checkedTicks(market, price, { low: "ErrPriceTooLow", high: "ErrPriceTooHigh" });
  const stop = readStop(parameters, context);
  const type = stop === null ? "LIMIT" : "STOP_LIMIT";
  const limits = { side, type, timeInForce, postOnly, limitPrice, limitVolume, stop, budget: null } as const;
  return { market, ...limits, ...readCommon(parameters, context) };
}

/**
 * Reads a market order: a BUY by what it spends, a SELL by what it sells.
 *
 * @throws {Refusal} with the code of the first rule that is broken
 */
export function readMarketOrder(parameters: Parameters, context: RuleContext): OrderDraft {
  const { market } = context;
  const side = readSide(parameters, "market");
  refuseUnlessOpen(market, { postOnly: false });
  const draft = {
    market,
    side,
    type: "MARKET",
    timeInForce: "IOC",
    postOnly: false,
    limitPrice: 0,
    stop: null,
  } as const;
  if (side === "SELL") {
    const limitVolume = readVolume(parameters, { name: "base_volume", code: "ErrInvalidBaseVolume", market });
    return { ...draft, limitVolume, budget: null, ...readCommon(parameters, context) };
  }
  const budget = required(parameters.decimal("counter_volume", "ErrInvalidCounterVolume"), "ErrInvalidCounterVolume");
  if (countDecimals(budget) > decimalsOf(market.counter)) throw new Refusal("ErrCounterDenominationNotAllowed");
  return { ...draft, limitVolume: 0, budget, ...readCommon(parameters, context) };
}

/** Everything that both kinds of order share. */
function readCommon(parameters: Parameters, { market, accounts }: RuleContext) {
  return {
    clientOrderId: readClientOrderId(parameters) ?? "",
    baseAccountId: accountFor(parameters.id("base_account_id"), market.base, accounts).id,
    counterAccountId: accountFor(parameters.id("counter_account_id"), market.counter, accounts).id,
  };
}

function accountFor(id: string | undefined, currency: string, accounts: readonly PaperAccount[]): PaperAccount {
  const account = accounts.find((account) => id === undefined ? account.currency === currency : account.id === id);
  if (account === undefined) throw new Refusal("ErrAccountNotFound");
  if (account.currency !== currency) throw new Refusal("ErrInvalidAccount");
  return account;
}

function refuseUnlessOpen({ status }: SimulatedMarket, { postOnly }: { postOnly: boolean }): void {
  if (status === "UNKNOWN") throw new Refusal("ErrMarketUnavailable");
  if (status !== "ACTIVE" && !postOnly) throw new Refusal("ErrPostOnlyMode");
}

function readVolume(
  parameters: Parameters,
  { name, code, market }: { name: string; code: LunoErrorCode; market: SimulatedMarket },
): number {
  const volume = required(parameters.decimal(name, code), code);
  if (countDecimals(volume) > market.volumeScale) throw new Refusal("ErrVolumeDenominationNotAllowed");
  if (volume.lt(parseDecimal(market.minVolume))) throw new Refusal("ErrVolumeTooLow");
  if (volume.gt(parseDecimal(market.maxVolume))) throw new Refusal("ErrVolumeTooHigh");
  return counted(lotsOf(market, volume), "ErrVolumeTooHigh");
}

function checkedTicks(
  market: SimulatedMarket,
  price: Big,
  { low, high }: { readonly low: LunoErrorCode; readonly high: LunoErrorCode },
): number {
  if (countDecimals(price) > market.priceScale) throw new Refusal("ErrPriceDenominationNotAllowed");
  if (price.lt(parseDecimal(market.minPrice))) throw new Refusal(low);
  if (price.gt(parseDecimal(market.maxPrice))) throw new Refusal(high);
  return counted(ticksOf(market, price), high);
}

function readStop(parameters: Parameters, { market, lastPrice }: RuleContext): Stop | null {
  const wanted = parameters.choice(
    "stop_direction",
    ["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"],
    "ErrInvalidStopDirection",
  );
  const stop = parameters.decimal("stop_price", "ErrInvalidStopPrice");
  if (stop === undefined && wanted === undefined) return null;
  if (stop === undefined) throw new Refusal("ErrInvalidStopPrice");
  if (wanted === undefined) throw new Refusal("ErrInvalidStopDirection");
  const price = checkedTicks(market, stop, { low: "ErrStopPriceTooLow", high: "ErrStopPriceTooHigh" });
  if (wanted !== "RELATIVE_LAST_TRADE") return { price, direction: wanted };
  if (lastPrice === null) throw new Refusal("ErrNoTradesToInferStopDirection");
  return { price, direction: lastPrice.lt(priceOf(market, price)) ? "ABOVE" : "BELOW" };
}

/** Beyond 2^53 lots or ticks would no longer be whole. */
function counted(count: number, code: LunoErrorCode): number {
  if (!Number.isSafeInteger(count)) throw new Refusal(code);
  return count;
}

function required(value: Big | undefined, code: LunoErrorCode): Big {
  if (value === undefined) throw new Refusal(code);
  return value;
}

/** The amounts of an order: parsed, checked against the market's limits, converted between base and counter. */

import Big from "big.js";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { cleanText } from "../../text/clean_text.ts";
import { visibly } from "../../text/visibly.ts";
import { countDecimals, formatDecimal, parseDecimal, PLAIN_DECIMAL } from "../../money/decimals.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import { decimalsOf } from "../../money/currencies.ts";
import { divideDown, roundUp } from "../../money/rounding.ts";
import { type Book, walkBook, type Walked } from "../../market/book_walk.ts";
import type { OrderRequest } from "./order.ts";

/** One problem; `problem` says what was expected. */
export interface OrderProblem {
  readonly field: keyof OrderRequest;
  readonly problem: string;
  readonly code: ToolErrorCode;
}

/** An order while it is being normalized, with the problems and notes so far. */
export interface Draft {
  readonly request: OrderRequest;
  readonly market: Market;
  /** Needed to convert the amount of a market order. */
  readonly book: Book | undefined;
  readonly problems: OrderProblem[];
  readonly notes: string[];
}

type AmountField = "volume" | "counter_volume" | "price" | "stop_price";

/** The end of a sentence about a text of the client. */
export function currently(text: string): string {
  return `: current value is ${visibly(JSON.stringify(text.slice(0, 50)))}`;
}

/** The requested base amount, if the market accepts it. */
export function readVolume(draft: Draft): Big | undefined {
  const volume = readAmount(draft, "volume", draft.market.volume_scale);
  return volume !== undefined && checkSize(draft, "volume", volume) ? volume : undefined;
}

/** The requested counter amount; its size is checked by its value in base. */
export function readCounterVolume(draft: Draft): Big | undefined {
  return readAmount(draft, "counter_volume", decimalsOf(draft.market.counter_currency));
}

/** A price, if the market accepts it. */
export function readPrice(draft: Draft, field: "price" | "stop_price"): Big | undefined {
  const { market } = draft;
  const price = readAmount(draft, field, market.price_scale);
  if (price === undefined) return undefined;
  const bounds = { min: market.min_price, max: market.max_price, unit: market.counter_currency };
  return checkBounds(draft, field, { value: price, ...bounds }) ? price : undefined;
}

/** The base amount for a counter amount at a limit price, rounded down. */
export function convertAtPrice(draft: Draft, counter: Big, price: Big): Big | undefined {
  const { market, notes } = draft;
  const volume = divideDown(counter, price, market.volume_scale);
  if (!checkSize(draft, "counter_volume", volume)) return undefined;
  const left = counter.minus(volume.times(price));
  if (left.gt(0)) {
    notes.push(
      `volume is ${formatDecimal(volume)} ${market.base_currency}, rounded down: ` +
        `${formatDecimal(left)} ${market.counter_currency} of counter_volume is left over`,
    );
  }
  return volume;
}

/** The base amount that a market order must sell to receive a counter amount, by the present bids, rounded down. */
export function convertSale(draft: Draft, counter: Big): Big | undefined {
  const { market, notes } = draft;
  const walked = convertByBook(draft, "counter_volume", { counterVolume: counter });
  if (walked === undefined || !checkSize(draft, "counter_volume", walked.base)) return undefined;
  const less = counter.minus(walked.counter);
  notes.push(
    `volume is ${formatDecimal(walked.base)} ${market.base_currency}${less.gt(0) ? ", rounded down" : ""}: by the ` +
      `bids of this moment it brings in ${formatDecimal(walked.counter)} ${market.counter_currency} before fees` +
      (less.gt(0) ? `, ${formatDecimal(less)} less than counter_volume` : ""),
  );
  return walked.base;
}

/**
 * The least counter amount for which a market order buys at least a base amount, by the present asks: an amount rounded
 * down would buy one step less, and at the market's minimum nothing.
 */
export function convertPurchase(draft: Draft, volume: Big): Big | undefined {
  const { market, book, notes } = draft;
  const { base_currency: base, counter_currency: counter } = market;
  const walked = convertByBook(draft, "volume", { volume });
  if (book === undefined || walked === undefined) return undefined;
  const spent = roundUp(walked.counter, decimalsOf(counter));
  const bought = walkBook(book, { side: "BUY", counterVolume: spent, volumeScale: market.volume_scale });
  if (bought.isShort || bought.base.gt(market.max_volume)) {
    const most = bought.isShort ? "more than the book has" : `more than ${market.max_volume} ${base}`;
    const problem = `expected less: ${formatDecimal(spent)} ${counter}, the least that pays for it, buys ${most}` +
      currently(volume.toFixed());
    refuse(draft, { field: "volume", code: bought.isShort ? "ERR_LIQUIDITY" : "ERR_AMOUNT_TOO_LARGE", problem });
    return undefined;
  }
  const added = spent.minus(walked.counter);
  notes.push(
    `counter_volume is ${formatDecimal(spent)} ${counter}, what ${
      formatDecimal(volume)
    } ${base} costs by the asks of ` +
      `this moment${added.gt(0) ? `, rounded up by ${formatDecimal(added)}` : ""}` +
      `${bought.base.gt(volume) ? `, which buys ${formatDecimal(bought.base)} ${base}` : ""}: ` +
      "once the book changes it buys more or less than that",
  );
  return spent;
}

/** Checks what a market order would buy against the market's limits, which are in base, as far as the book tells. */
export function checkPurchase(draft: Draft, counterVolume: Big): void {
  const { market, book } = draft;
  if (book === undefined) return;
  const walked = walkBook(book, { side: "BUY", counterVolume, volumeScale: market.volume_scale });
  if (!walked.isShort) checkSize(draft, "counter_volume", walked.base);
}

/** Adds a problem. */
export function refuse(draft: Draft, problem: OrderProblem): void {
  draft.problems.push(problem);
}

function convertByBook(
  draft: Draft,
  field: "volume" | "counter_volume",
  wanted: { readonly volume: Big } | { readonly counterVolume: Big },
): Walked | undefined {
  const { request: { side }, market, book } = draft;
  if (book === undefined) {
    const other = field === "volume" ? "counter_volume" : "volume";
    const problem = `expected ${other}, as there is no book by which to convert`;
    refuse(draft, { field, code: "ERR_BOOK_NEEDED", problem });
    return undefined;
  }
  const walked = walkBook(book, { side, ...wanted, volumeScale: market.volume_scale });
  if (!walked.isShort) return walked;
  const most = field === "volume"
    ? `${formatDecimal(walked.base)} ${market.base_currency}`
    : `${formatDecimal(walked.counter)} ${market.counter_currency}`;
  const problem = `expected at most ${most}, which is all that the book has: use a limit order for more`;
  refuse(draft, { field, code: "ERR_LIQUIDITY", problem });
  return undefined;
}

function checkSize(draft: Draft, field: "volume" | "counter_volume", volume: Big): boolean {
  const { market } = draft;
  const bounds = { min: market.min_volume, max: market.max_volume, unit: market.base_currency };
  return checkBounds(draft, field, { value: volume, ...bounds });
}

interface Bounded {
  readonly value: Big;
  readonly min: string;
  readonly max: string;
  readonly unit: string;
}

function checkBounds(draft: Draft, field: AmountField, { value, min, max, unit }: Bounded): boolean {
  const what = field === "counter_volume" ? "an amount with a value of at" : "at";
  const shown = field === "counter_volume" ? worthOf(draft, value) : `: current value is ${formatDecimal(value)}`;
  const isLow = value.lt(min);
  if (!isLow && value.lte(max)) return true;
  const problem = `expected ${what} ${isLow ? `least ${min}` : `most ${max}`} ${unit}${shown}`;
  refuse(draft, { field, code: isLow ? "ERR_AMOUNT_TOO_SMALL" : "ERR_AMOUNT_TOO_LARGE", problem });
  return false;
}

/** A counter amount as written, and its base equivalent, in which the limits are. */
function worthOf({ request: { counter_volume = "" }, market }: Draft, base: Big): string {
  const { volume_scale: scale, base_currency: unit } = market;
  const worth = base.eq(0)
    ? `less than ${formatDecimal(new Big(`1e-${scale}`))} ${unit}`
    : `${formatDecimal(base)} ${unit}`;
  return `${currently(counter_volume)}, worth ${worth}`;
}

function readAmount(draft: Draft, field: AmountField, scale: number): Big | undefined {
  const text = draft.request[field];
  if (text === undefined) return undefined;
  if (!PLAIN_DECIMAL.test(text)) {
    const wanted = /^[+-]?[\d.]+e[+-]?\d+$/i.test(text) ? "a decimal without exponent" : "a plain decimal";
    // They are easily overlooked, also where they are shown.
    const hidden = PLAIN_DECIMAL.test(cleanText(text)) ? ", without blanks or invisible characters" : "";
    const problem = `expected ${wanted}, such as 0.0005${hidden}${currently(text)}`;
    refuse(draft, { field, code: "ERR_AMOUNT_FORM", problem });
    return undefined;
  }
  const amount = parseDecimal(text);
  if (amount.lte(0)) {
    refuse(draft, { field, code: "ERR_AMOUNT_NOT_POSITIVE", problem: `expected a decimal > 0${currently(text)}` });
  } else if (countDecimals(amount) > scale) {
    const wanted = scale === 0 ? "no decimals" : `at most ${scale} decimals`;
    refuse(draft, { field, code: "ERR_AMOUNT_TOO_PRECISE", problem: `expected ${wanted}${currently(text)}` });
  } else return amount;
  return undefined;
}

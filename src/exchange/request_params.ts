/** The types of parameters, with the bounds that the exchange documents, checked before anything is sent. */

import { z } from "zod";
import { parseDecimal, PLAIN_DECIMAL } from "../money/decimals.ts";

/** One parameter; an array becomes a repeated key, `undefined` is omitted. */
export type ParamValue = string | number | boolean | readonly string[] | undefined;

/** All parameters of one call, including those in the path. */
export type RequestParams = { readonly [name: string]: ParamValue };

/** A pair as Luno writes it, upper case without a separator. */
export const Pair = z.string().regex(/^[A-Z0-9]{4,20}$/, "expected a pair such as XBTZAR");

/** Luno's code of a currency or asset; bitcoin is XBT. */
export const CurrencyCode = z.string().regex(/^[A-Z0-9]{2,10}$/, "expected a currency code such as XBT");

/** A positive 64-bit id in decimal digits. */
export const IntegerId = z.string().regex(/^[1-9]\d{0,18}$/, "expected an id of digits");

/** The exchange's id of an order, such as `BXMC2CJ7HNB88U4`; opaque. */
export const OrderId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "expected an order id such as BXMC2CJ7HNB88U4");

/** A client's own name for an order or a move, unique among those that succeeded. */
export const ClientId = z.string().regex(/^[0-9A-Za-z_;,.-]{1,255}$/, "expected 1 to 255 of 0-9 A-Z a-z _ ; , . -");

/** A price or volume: a plain decimal string; the exchange refuses exponents. */
export const PositiveDecimal = z.string()
  .regex(PLAIN_DECIMAL, "expected a plain decimal such as 0.0005")
  .refine((text) => !PLAIN_DECIMAL.test(text) || parseDecimal(text).gt(0), "expected a decimal > 0");

/** Milliseconds since the Unix epoch. */
export const Milliseconds = z.int().nonnegative();

/** Length of a page. */
export const Limit = z.int().min(1).max(1000);

/** A short free text. */
export const ShortText = z.string().min(1).max(255);

/** Tells whether exactly one of two values is given. */
export function exactlyOne(first: unknown, second: unknown): boolean {
  return (first === undefined) !== (second === undefined);
}

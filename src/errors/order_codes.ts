/** Errors of arguments and orders that are not valid, found before anything is sent. */

import type { ErrorRow } from "./error_row.ts";
import { BAD_REQUEST, CONFLICT } from "./error_row.ts";
import { INVALID_PARAMS } from "./rpc_codes.ts";

/** Problems in the arguments of a call. */
export const ORDER_CODES = {
  ERR_INVALID_ARGUMENT: {
    ...BAD_REQUEST,
    rpc: INVALID_PARAMS,
    meaning: "an argument is missing, unknown or of the wrong form",
    action: "correct the fields that the message names",
    retry: "no",
  },
  ERR_ORDER_INVALID: {
    ...BAD_REQUEST,
    meaning: "the order has problems; `fields` lists all of them",
    action: "correct every field, then preview again",
    retry: "no",
  },
  ERR_FIELD_MISSING: { ...BAD_REQUEST, meaning: "a field is required", action: "add it", retry: "no" },
  ERR_FIELD_CONFLICT: {
    ...BAD_REQUEST,
    meaning: "a field does not go with another one",
    action: "remove one of them",
    retry: "no",
  },
  ERR_AMOUNT_FORM: {
    ...BAD_REQUEST,
    meaning: "an amount is not a plain decimal",
    action: "write the number as the message says",
    retry: "no",
  },
  ERR_AMOUNT_NOT_POSITIVE: {
    ...BAD_REQUEST,
    meaning: "an amount is not above 0",
    action: "write a positive number",
    retry: "no",
  },
  ERR_AMOUNT_TOO_PRECISE: {
    ...BAD_REQUEST,
    meaning: "an amount has more decimals than allowed",
    action: "round it as the message says",
    retry: "no",
  },
  ERR_AMOUNT_TOO_SMALL: {
    ...BAD_REQUEST,
    meaning: "an amount is below the market's minimum",
    action: "see `get_market_overview`",
    retry: "no",
  },
  ERR_AMOUNT_TOO_LARGE: {
    ...BAD_REQUEST,
    meaning: "an amount is above the market's maximum",
    action: "see `get_market_overview`",
    retry: "no",
  },
  ERR_BOOK_NEEDED: {
    ...BAD_REQUEST,
    meaning: "the amount is converted by the order book, which is not available",
    action: "preview again later, or give the amount in base currency",
    retry: "no",
  },
  ERR_MARKET_POST_ONLY: {
    ...BAD_REQUEST,
    meaning: "the market takes post-only orders only",
    action: "wait, or set `post_only=true`",
    retry: "no",
  },
  ERR_LIQUIDITY: {
    ...CONFLICT,
    meaning: "the order book is not deep enough for the order",
    action: "trade less, or use a limit order",
    retry: "no",
  },
  ERR_SELF_CROSSING: {
    ...CONFLICT,
    meaning: "the order may trade with your own order",
    action: "cancel that one first, or choose another price",
    retry: "no",
  },
  ERR_ORDER_NOT_REPLACEABLE: {
    ...CONFLICT,
    meaning: "this order cannot be replaced",
    action: "cancel it and place a new one",
    retry: "no",
  },
} as const satisfies Record<string, ErrorRow>;

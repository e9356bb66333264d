/** Errors of the exchange and of this server's access to it. */

import type { ErrorRow } from "./error_row.ts";
import { BAD_GATEWAY, BAD_REQUEST, CONFLICT, FAILED_DEPENDENCY, TOO_MANY, UNAVAILABLE } from "./error_row.ts";
import { INVALID_PARAMS } from "./rpc_codes.ts";

/** What a call to the exchange can fail with. */
export const EXCHANGE_CODES = {
  ERR_CREDENTIALS_MISSING: {
    ...FAILED_DEPENDENCY,
    meaning: "the call needs an API key and none is configured; nothing was sent",
    action: "set `LUNO_API_KEY` and `LUNO_API_SECRET`",
    retry: "no",
  },
  ERR_CREDENTIALS_REFUSED: {
    ...FAILED_DEPENDENCY,
    meaning: "the exchange does not accept the API key: wrong, revoked or not confirmed",
    action: "check id and secret; confirm the key, or create a new one",
    retry: "no",
  },
  ERR_PERMISSION_MISSING: {
    ...FAILED_DEPENDENCY,
    meaning: "the API key is valid but lacks the permission that the call needs",
    action: "add the permission that the message names",
    retry: "no",
  },
  ERR_ACCOUNT_POLICY: {
    ...FAILED_DEPENDENCY,
    meaning: "the user or account may not do this: verification, country or account limits",
    action: "check your account on luno.com",
    retry: "depends",
  },
  ERR_FORBIDDEN: {
    ...FAILED_DEPENDENCY,
    meaning: "the exchange, or what is in front of it, refuses this client without saying why",
    action: "check the key's allowed addresses; try later",
    retry: "no",
  },
  ERR_RATE_LIMITED: {
    ...TOO_MANY,
    meaning: "the exchange accepts no more calls for now; this one had no effect",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_BUDGET_EXHAUSTED: {
    ...TOO_MANY,
    meaning: "this server's calls for the minute are used; nothing was sent",
    action: "wait, or send fewer calls (`--api-rate-limit`)",
    retry: "yes",
  },
  ERR_UNAVAILABLE: {
    ...UNAVAILABLE,
    meaning: "the exchange failed (5xx), or failed so often that calls are held back for a while",
    action: "try again later",
    retry: "depends",
  },
  ERR_TIMEOUT: {
    ...UNAVAILABLE,
    http: 504,
    meaning: "no complete answer came in time",
    action: "try again; look an order up first",
    retry: "depends",
  },
  ERR_NETWORK: {
    ...BAD_GATEWAY,
    meaning: "the connection could not be made or broke",
    action: "check the network, then try again",
    retry: "depends",
  },
  ERR_ANSWER_INVALID: {
    ...BAD_GATEWAY,
    meaning: "the answer is not what the exchange documents: no JSON, truncated, of another shape, a redirect",
    action: "try again; a proxy or maintenance page may be in between",
    retry: "depends",
  },
  ERR_ANSWER_TOO_LARGE: {
    ...BAD_GATEWAY,
    meaning: "the answer is larger than allowed",
    action: "ask for less",
    retry: "no",
  },
  ERR_EXCHANGE: {
    ...BAD_GATEWAY,
    meaning: "the exchange refused with a code or status that is not known here",
    action: "read the message",
    retry: "no",
  },
  ERR_PAIR_UNKNOWN: {
    ...BAD_REQUEST,
    meaning: "no market has this pair",
    action: "see `suggestions` and `get_market_overview`",
    retry: "no",
  },
  ERR_CURRENCY_UNKNOWN: {
    ...BAD_REQUEST,
    meaning: "no market trades this currency",
    action: "see `suggestions`",
    retry: "no",
  },
  ERR_NOT_FOUND: {
    ...CONFLICT,
    http: 404,
    meaning: "there is no such order, account, transaction or address",
    action: "check the id and the account",
    retry: "no",
  },
  ERR_ARGUMENT_REFUSED: {
    ...BAD_REQUEST,
    rpc: INVALID_PARAMS,
    meaning: "a parameter is missing, malformed or out of bounds",
    action: "correct it as the message says",
    retry: "no",
  },
  ERR_MARKET_CLOSED: {
    ...CONFLICT,
    meaning: "the market does not exist, is closed, under maintenance or takes post-only orders only",
    action: "wait, or set `post_only=true` where the message says so",
    retry: "depends",
  },
  ERR_INSUFFICIENT_FUNDS: {
    ...CONFLICT,
    meaning: "the account's balance is too small",
    action: "trade less, or cancel orders that reserve funds",
    retry: "no",
  },
  ERR_ORDER_REFUSED: {
    ...CONFLICT,
    meaning: "the order cannot be placed or cancelled in its or the market's present state",
    action: "read what the exchange says, and look at the order and its market",
    retry: "depends",
  },
  ERR_DUPLICATE: {
    ...CONFLICT,
    meaning: "the exchange saw this `client_order_id` or other key before",
    action: "look up the earlier request and compare",
    retry: "no",
  },
  ERR_CANCELLED: {
    ...UNAVAILABLE,
    meaning: "the call was cancelled, or the server stopped",
    action: "repeat it if you still need it",
    retry: "depends",
  },
} as const satisfies Record<string, ErrorRow>;

/** Errors of sending orders and of determining their outcome. */

import type { ErrorRow } from "./error_row.ts";
import { BAD_GATEWAY, CONFLICT, UNAVAILABLE } from "./error_row.ts";

/** What can prevent an order from reaching the exchange. */
export const SENDING_CODES = {
  ERR_RECOVERING: {
    ...UNAVAILABLE,
    meaning: "orders of an earlier run are being reconciled",
    action: "wait; it takes seconds once the exchange answers",
    retry: "yes",
  },
  ERR_UNDER_WAY: {
    ...CONFLICT,
    meaning: "the same call is still running elsewhere",
    action: "ask again with the same `idempotency_key`",
    retry: "yes",
  },
  ERR_CLOCK_SKEW: {
    ...UNAVAILABLE,
    meaning: "this machine's clock is off",
    action: "set the clock, for example by NTP",
    retry: "no",
  },
  ERR_CLOCK_UNKNOWN: {
    ...UNAVAILABLE,
    meaning: "the exchange's time is not known",
    action: "try again",
    retry: "yes",
  },
  ERR_RECORD_FAILED: {
    ...UNAVAILABLE,
    meaning: "the trading database could not be read or written; nothing was sent",
    action: "free disk space, check the state folder",
    retry: "depends",
  },
  ERR_TAKEN_OVER: {
    ...UNAVAILABLE,
    meaning: "this server is considered dead, and another one may take over its orders",
    action: "try again in a few seconds; if that fails, restart the server",
    retry: "depends",
  },
  ERR_STOPPED: {
    ...UNAVAILABLE,
    meaning: "the server is stopping; nothing was sent",
    action: "preview again once it runs",
    retry: "no",
  },
  ERR_TOO_LATE: {
    ...UNAVAILABLE,
    meaning: "writing the order took too long; nothing was sent",
    action: "preview again",
    retry: "no",
  },
  ERR_NEVER_SENT: {
    ...UNAVAILABLE,
    meaning: "the program ended before it was sent",
    action: "preview it again",
    retry: "no",
  },
  ERR_INTERRUPTED: {
    ...UNAVAILABLE,
    meaning: "the program ended while it was sent, and the exchange does not have it",
    action: "preview it again",
    retry: "no",
  },
  ERR_VENUE_ENDED: {
    ...CONFLICT,
    meaning: "the simulated exchange or paper account that it was for has ended",
    action: "nothing is left to do",
    retry: "no",
  },
  ERR_REPLACED_ALREADY: {
    ...CONFLICT,
    meaning: "another call replaces or has replaced this order",
    action: "check the open orders",
    retry: "no",
  },
  ERR_NOT_FINAL: {
    ...CONFLICT,
    meaning: "the cancellation was sent, and the order is not seen final yet",
    action: "ask again",
    retry: "yes",
  },
  ERR_STATUS_UNKNOWN: {
    ...BAD_GATEWAY,
    meaning: "the cancellation was sent, and the order has a status that is not documented",
    action: "check the order later",
    retry: "yes",
  },
  ERR_OUTCOME_UNKNOWN: {
    ...BAD_GATEWAY,
    meaning: "it is not known yet whether the order exists",
    action: "**place no other one**; `get_order_status` with its `client_order_id`",
    retry: "depends",
  },
} as const satisfies Record<string, ErrorRow>;

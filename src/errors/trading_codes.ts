/** Errors of trading: what is allowed, limited and approved. */

import type { ErrorRow } from "./error_row.ts";
import { CONFLICT, NOT_ALLOWED, TOO_MANY, UNAVAILABLE } from "./error_row.ts";

/** Why an order is not allowed. */
export const TRADING_CODES = {
  ERR_TRADING_OFF: {
    ...NOT_ALLOWED,
    meaning: "the server runs with `--trading off`",
    action: "restart it with `--trading confirm` or `auto`",
    retry: "no",
  },
  ERR_TRADING_HALTED: {
    ...CONFLICT,
    meaning: "trading is halted",
    action: "find out why, then resume it with `luno-mcp-server kill --lift`",
    retry: "no",
  },
  ERR_POLICY_MODE: {
    ...NOT_ALLOWED,
    meaning: "the policy lets this client only observe",
    action: "see `luno-mcp-server policy explain`; ask the operator",
    retry: "no",
  },
  ERR_POLICY_PAIR: {
    ...NOT_ALLOWED,
    meaning: "the policy does not allow this pair",
    action: "see `luno-mcp-server policy explain`",
    retry: "no",
  },
  ERR_POLICY_SIDE: {
    ...NOT_ALLOWED,
    meaning: "the policy does not allow this side",
    action: "see `luno-mcp-server policy explain`",
    retry: "no",
  },
  ERR_POLICY_ORDER_TYPE: {
    ...NOT_ALLOWED,
    meaning: "the policy does not allow this type of order",
    action: "see `luno-mcp-server policy explain`",
    retry: "no",
  },
  ERR_POLICY_ORDER_SIZE: {
    ...NOT_ALLOWED,
    meaning: "the order's value is higher than the policy allows",
    action: "trade less",
    retry: "no",
  },
  ERR_POLICY_PRICE_BAND: {
    ...NOT_ALLOWED,
    meaning: "the order's price is further off the market than the policy allows",
    action: "change the price",
    retry: "no",
  },
  ERR_POLICY_VALUATION: {
    ...NOT_ALLOWED,
    meaning: "the order cannot be valued in the currency of the limit",
    action: "preview again later, or trade another pair",
    retry: "no",
  },
  ERR_POLICY_WARNING: {
    ...NOT_ALLOWED,
    meaning: "the market looks wrong, as the warning in the message says",
    action: "wait, or have the operator allow the warning",
    retry: "no",
  },
  ERR_POLICY_NOT_IN_FORCE: {
    ...CONFLICT,
    meaning: "a policy was published, and this server uses another one",
    action: "have the operator start the server without `--policy`",
    retry: "no",
  },
  ERR_LIMIT_PER_DAY: {
    ...TOO_MANY,
    meaning: "the limit of what is traded in a UTC day is used up, or the order cannot be valued for it",
    action: "trade less, or wait as long as the error says",
    retry: "depends",
  },
  ERR_LIMIT_RATE: {
    ...TOO_MANY,
    meaning: "the limit of orders per minute is used up",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_LIMIT_OPEN_ORDERS: {
    ...TOO_MANY,
    meaning: "the limit of open orders is used up",
    action: "cancel one, or wait until one is filled",
    retry: "no",
  },
  ERR_LIMIT_PREVIEWS: {
    ...TOO_MANY,
    meaning: "the limit of previews per minute is used up",
    action: "wait as long as the error says",
    retry: "yes",
  },
  ERR_COOLING_OFF: {
    ...TOO_MANY,
    meaning: "too many orders were sent in vain within a short time",
    action: "find out why, then wait as long as the error says",
    retry: "yes",
  },
  ERR_CONFIRMATION_REQUIRED: {
    ...NOT_ALLOWED,
    meaning: "a person has to approve first; nothing was sent",
    action: "approve the order",
    retry: "no",
  },
  ERR_CONFIRMATION_DECLINED: {
    ...NOT_ALLOWED,
    meaning: "the person declined; nothing was sent",
    action: "preview again if you still want it",
    retry: "no",
  },
  ERR_CONFIRMATION_EXPIRED: {
    ...CONFLICT,
    meaning: "nobody answered within three minutes; nothing was sent",
    action: "preview again if you still want it",
    retry: "no",
  },
  ERR_CONFIRMATION_USED: {
    ...CONFLICT,
    meaning: "another call has acted on this approval",
    action: "look the order up by the id in the message",
    retry: "no",
  },
  ERR_CONFIRMATION_UNKNOWN: {
    ...CONFLICT,
    meaning: "no pending approval matches the answer",
    action: "place the order again",
    retry: "no",
  },
  ERR_CONFIRMATION_IMPOSSIBLE: {
    ...NOT_ALLOWED,
    meaning: "no approval method counts for this client",
    action: "ask the operator to change `confirm_by`",
    retry: "no",
  },
  ERR_CONFIRMATIONS_FULL: {
    ...TOO_MANY,
    meaning: "too many orders wait for approval",
    action: "approve or decline those",
    retry: "yes",
  },
  ERR_PREVIEW_UNKNOWN: {
    ...CONFLICT,
    meaning: "no such preview of this client is known",
    action: "preview again",
    retry: "no",
  },
  ERR_PREVIEW_EXPIRED: { ...CONFLICT, meaning: "the preview is too old", action: "preview again", retry: "no" },
  ERR_PREVIEW_USED: {
    ...CONFLICT,
    meaning: "the preview was used already",
    action: "preview again for another order",
    retry: "no",
  },
  ERR_PREVIEW_STALE: {
    ...CONFLICT,
    meaning: "the policy or the exchange has changed since the preview",
    action: "preview again",
    retry: "no",
  },
  ERR_IDEMPOTENCY_MISMATCH: {
    ...CONFLICT,
    meaning: "this key was used for another order",
    action: "use a new key for a new order",
    retry: "no",
  },
  ERR_ACCOUNT_ELSEWHERE: {
    ...UNAVAILABLE,
    meaning: "the order is on an account that this server does not trade on",
    action: "use the server that trades on it",
    retry: "no",
  },
  ERR_PAPER_NOT_STARTED: {
    ...UNAVAILABLE,
    meaning: "the policy had no paper mode when the server started",
    action: "restart the server",
    retry: "no",
  },
} as const satisfies Record<string, ErrorRow>;

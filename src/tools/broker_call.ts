/** How the trading tools call the broker, and their hints. */

import type { Broker } from "../trading/broker.ts";
import type { BrokerCall } from "../trading/broker_parts.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import { TradingError } from "../trading/orders/trading_error.ts";
import type { Hints, ToolContext } from "./tool.ts";

/** Sends to the exchange; a repetition with the same idempotency key has no further effect. */
export const PLACES: Hints = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true };

/** Cancels open orders; a repetition has no further effect. */
export const CANCELS: Hints = { ...PLACES, idempotentHint: true };

/** Changes nothing at the exchange; each call may give another answer. */
export const LOOKS: Hints = { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: true };

/**
 * The broker.
 *
 * @throws {TradingError} `ERR_TRADING_OFF` while trading is off
 */
export function brokerOf({ broker }: ToolContext): Broker {
  if (broker !== undefined) return broker;
  throw new TradingError(
    "Cannot trade as trading is off: the operator switches it on with --trading confirm (a person confirms each order) " +
      "or --trading auto",
    { code: "ERR_TRADING_OFF" },
  );
}

/** The facts about the call that the broker needs. */
export function callOf({ caller, signal, asking = UNASKED }: ToolContext): BrokerCall {
  return { identity: caller.identity, signal, asking, mayTrade: () => caller.allows("orders:write") };
}

const UNASKED: Asking = { canElicit: false };

import type { CallOptions, ExchangeClient } from "../exchange/client.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { Reading } from "./reading.ts";

/**
 * What readers and traders need of an exchange: the real one, a simulated one, or the one that an identity trades on.
 */
export interface Exchange extends Pick<ExchangeClient, "hasCredentials" | "status" | "reserve"> {
  call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<AnswerOf<Name>>;
}

/** An exchange that also tells how long an answer may be reused. */
export interface ReadingExchange extends Exchange {
  /** @throws {ExchangeError} as `call` does */
  read<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<Reading<AnswerOf<Name>>>;
  /**
   * The order book of a pair, if it is in memory and current.
   *
   * @default it must be read
   */
  bookAtHand?(pair: string): Reading<AnswerOf<"getOrderBook">> | undefined;
}

/** Options of one call. */
export interface ExchangeCallOptions extends Pick<CallOptions, "signal" | "priority" | "reservation"> {
  /**
   * Bypasses answers that are still fresh.
   *
   * @default false
   */
  readonly fresh?: boolean;
  /** The caller shows the age of its data: last known data will do if the exchange is slow. @default false */
  readonly showsAge?: boolean;
}

import type { CallOptions, ExchangeClient } from "../exchange/client.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import type { Reading } from "./reading.ts";

/** What those who read and trade need of an exchange: the real one, a simulated one, or the one that an identity trades on. */
export interface Exchange extends Pick<ExchangeClient, "hasCredentials" | "status" | "reserve"> {
  call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<AnswerOf<Name>>;
}

/** An exchange that tells how long its answers may be passed on, for those who keep what they make of them. */
export interface ReadingExchange extends Exchange {
  /** @throws {ExchangeError} as `call` does */
  read<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<Reading<AnswerOf<Name>>>;
}

/** How one call is made. */
export interface ExchangeCallOptions extends Pick<CallOptions, "signal" | "priority" | "reservation"> {
  /** Asks the exchange itself, however fresh another answer is. @default false */
  readonly fresh?: boolean;
}

import type { CallOptions, ExchangeClient } from "../exchange/client.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";

/** What those who read and trade need of an exchange: the real one, a simulated one, or the one that an identity trades on. */
export interface Exchange extends Pick<ExchangeClient, "hasCredentials" | "status" | "reserve"> {
  call<Name extends EndpointName>(
    name: Name,
    params: ParamsOf<Name>,
    options?: ExchangeCallOptions,
  ): Promise<AnswerOf<Name>>;
}

/** How one call is made. */
export interface ExchangeCallOptions extends Pick<CallOptions, "signal" | "priority" | "reservation"> {
  /** Asks the exchange itself, however fresh another answer is. @default false */
  readonly fresh?: boolean;
}

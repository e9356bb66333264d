/** Failures to read the real market as responses of the paper exchange. */

import { ExchangeError } from "../../exchange/errors.ts";
import { isLunoErrorCode, LUNO_ERRORS } from "../../exchange/luno_errors.ts";
import { refusalResponse, tooManyRequests } from "../api/fault_effects.ts";
import { Refusal } from "../engine/refusal.ts";

const NOT_READ = "The real market cannot be read now, so that nothing can be done on paper: try again later";

/** The response to a read that the real exchange did not answer. */
export function readFailure(error: ExchangeError): Response {
  const refusal = refusalOf(error);
  if (refusal?.code === "ErrTooManyRequests") {
    const seconds = error.retryAfterMs === undefined ? undefined : Math.ceil(error.retryAfterMs / 1000);
    return tooManyRequests({ body: "json", retryAfterSeconds: seconds });
  }
  return refusal === undefined
    ? refusalResponse(new Refusal("ErrInternal", NOT_READ), { status: 503 })
    : refusalResponse(refusal);
}

/** Why an order was not placed, which is certain, because nothing happens on paper before the market was read. */
export function orderFailure(error: ExchangeError): Refusal {
  return refusalOf(error) ?? new Refusal("ErrUnderMaintenance", NOT_READ);
}

function refusalOf({ code, lunoCode }: ExchangeError): Refusal | undefined {
  switch (code) {
    case "ERR_CREDENTIALS_MISSING":
    case "ERR_CREDENTIALS_REFUSED":
    case "ERR_PERMISSION_MISSING":
      return new Refusal("ErrInsufficientPerms", "The real exchange provides this only with an API key");
    case "ERR_RATE_LIMITED":
    case "ERR_BUDGET_EXHAUSTED":
      return new Refusal("ErrTooManyRequests");
    case "ERR_ARGUMENT_REFUSED":
      return new Refusal("ErrInvalidArguments");
    default: {
      const known = lunoCode !== undefined && isLunoErrorCode(lunoCode) ? lunoCode : undefined;
      return known === undefined || LUNO_ERRORS[known].category === "server" ? undefined : new Refusal(known);
    }
  }
}

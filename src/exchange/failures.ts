/** Errors of requests whose answer did not arrive completely. */

import { ExchangeError, type Outcome } from "./errors.ts";
import { connectionFailure } from "../network/connection_failure.ts";
import { cannot, type Operation } from "./refusals.ts";
import { BodyTooLargeError } from "../network/body_text.ts";

/** What is known about a request that failed after it was handed to the network. */
export interface Failure {
  readonly error: unknown;
  /** The host that it was sent to. */
  readonly host: string;
  /** The caller gave up, or the client was closed. */
  readonly isCancelled: boolean;
  /** The deadline has passed. */
  readonly isLate: boolean;
}

/** Turns the failure of a request that may have reached the exchange into an error for the caller. */
export function toFailure(operation: Operation, { error, host, isCancelled, isLate }: Failure): ExchangeError {
  const outcome: Outcome = operation.isWrite && !isConnectFailure(error) ? "unknown" : "none";
  const mayRepeat = outcome === "none";
  if (isCancelled) return cancelled(operation, outcome);
  if (isLate) {
    return new ExchangeError(cannot(operation, `the exchange (${host}) did not answer in time`, outcome), {
      code: "ERR_TIMEOUT",
      retryable: mayRepeat,
      outcome,
    });
  }
  if (error instanceof BodyTooLargeError) {
    return new ExchangeError(cannot(operation, "the answer is too large", outcome), {
      code: "ERR_ANSWER_TOO_LARGE",
      outcome,
      cause: error,
    });
  }
  if (isRedirect(error)) {
    return new ExchangeError(
      cannot(operation, "the exchange sent us elsewhere, which is never followed: check its address", outcome),
      { code: "ERR_ANSWER_INVALID", outcome, cause: error },
    );
  }
  const reason = isConnectFailure(error)
    ? `the exchange (${host}) cannot be reached`
    : `the connection to the exchange (${host}) broke`;
  return new ExchangeError(cannot(operation, `${reason}: ${connectionFailure(error)}`, outcome), {
    code: "ERR_NETWORK",
    retryable: mayRepeat,
    outcome,
    cause: error,
  });
}

/** The caller gave up or the client was closed. */
export function cancelled(operation: Pick<Operation, "title">, outcome: Outcome): ExchangeError {
  return new ExchangeError(cannot(operation, "it was cancelled", outcome), {
    code: "ERR_CANCELLED",
    retryable: outcome === "none",
    outcome,
  });
}

/**
 * Nothing was sent: the connection was never established. Deno says so only in the message; any other message reads as
 * "may have been sent".
 */
function isConnectFailure(error: unknown): boolean {
  return error instanceof TypeError && error.cause instanceof Error &&
    error.cause.message.includes("client error (Connect)");
}

function isRedirect(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("redirect");
}

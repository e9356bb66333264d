/** Why there is no connection to a server, or none any more. */

import type { CONNECTION_CODES } from "../errors/command_codes.ts";
import { ERRORS } from "../errors/error_table.ts";
import { cleanText } from "../text/clean_text.ts";

/** Why there is no connection; `ERR_TIMEOUT`: no answer to the handshake. */
export type ConnectionErrorCode = keyof typeof CONNECTION_CODES | "ERR_TIMEOUT";

/** What is known beyond the sentence. */
export interface ConnectionErrorDetails {
  /** HTTP status of a refusal. */
  readonly status?: number;
  /** Code of the closing handshake, RFC 6455. */
  readonly closeCode?: number;
  /** When the server wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A connection that could not be made, or has ended. `message` is our own sentence. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly status: number | undefined;
  readonly closeCode: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(readonly code: ConnectionErrorCode, message: string, details: ConnectionErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.status = details.status;
    this.closeCode = details.closeCode;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether connecting again may help: not where the certificates, the credentials or the address are wrong. */
  get retryable(): boolean {
    if (this.code === "ERR_REFUSED") return this.status === 429 || (this.status ?? 0) >= 500;
    return ERRORS[this.code].retry !== "no";
  }
}

const CLOSE_MEANINGS: Readonly<Record<number, string>> = {
  1000: "the server ended it",
  1001: "the server is stopping",
  1002: "the server found our framing wrong",
  1003: "the server does not take such data",
  1007: "the server found a text that is not UTF-8",
  1008: "the server does not allow it",
  1009: "a message was too large for the server",
  1011: "the server failed",
  1012: "the server restarts",
  1013: "the server is too busy",
};

/** The error for an open connection that has ended with a close code; 1006 and 1005 stand for none. */
export function closedError(closeCode: number, reason: string, cause?: unknown): ConnectionError {
  if (closeCode === 1006) return new ConnectionError("ERR_LOST", "Connection broke", { cause });
  const meaning = CLOSE_MEANINGS[closeCode] ?? "the server closed it";
  const words = reason === "" ? "" : `: ${JSON.stringify(cleanText(reason))}`;
  return new ConnectionError("ERR_CLOSED", `Connection closed with ${closeCode}, ${meaning}${words}`, {
    closeCode,
    cause,
  });
}

/** Why a connection to a server failed or ended. */

import type { CONNECTION_CODES } from "../errors/command_codes.ts";
import { ERRORS } from "../errors/error_table.ts";
import { cleanText } from "../text/clean_text.ts";

/** The reason; `ERR_TIMEOUT`: the handshake was not answered. */
export type ConnectionErrorCode = keyof typeof CONNECTION_CODES | "ERR_TIMEOUT";

/** Further details. */
export interface ConnectionErrorDetails {
  /** HTTP status of a refusal. */
  readonly status?: number;
  /** Close code, RFC 6455. */
  readonly closeCode?: number;
  /** The server's requested pause, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A connection that could not be established, or has ended. `message` is our own sentence. */
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

  /** Whether reconnecting may help: not when certificates, credentials or the address are wrong. */
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

/** The error for an open connection that ended with a close code; 1006 and 1005 mean that there was none. */
export function closedError(closeCode: number, reason: string, cause?: unknown): ConnectionError {
  if (closeCode === 1006) return new ConnectionError("ERR_LOST", "Connection broke", { cause });
  const meaning = CLOSE_MEANINGS[closeCode] ?? "the server closed it";
  const words = reason === "" ? "" : `: ${JSON.stringify(cleanText(reason))}`;
  return new ConnectionError("ERR_CLOSED", `Connection closed with ${closeCode}, ${meaning}${words}`, {
    closeCode,
    cause,
  });
}

/** Explains why a handshake failed and what to change, depending on what the connection was given. */

import { cleanText } from "../text/clean_text.ts";
import { ConnectionError } from "./connection_error.ts";

/** The parameters of an attempt to connect. */
export interface Attempt {
  readonly url: URL;
  /** Where its token came from, such as `LUNO_MCP_TOKEN`; absent without a token. */
  readonly tokenSource?: string | undefined;
  /** Whether it presented a client certificate. */
  readonly hasCertificate: boolean;
  /** Whether it was given authorities to trust. */
  readonly hasAuthorities: boolean;
}

/** The error for an HTTP response instead of an upgrade. */
export function refusedError(status: number, retryAfter: string | undefined, attempt: Attempt): ConnectionError {
  const seconds = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  const meaning = status === 401
    ? unauthenticated(attempt)
    : REFUSAL_MEANINGS[status] ?? "expected an upgrade to WebSocket";
  return new ConnectionError("ERR_REFUSED", `Server refused the connection with HTTP status ${status}: ${meaning}`, {
    status,
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1_000 }),
  });
}

const REFUSAL_MEANINGS: Readonly<Record<number, string>> = {
  403: "not allowed from here, or with this identity",
  404: "no WebSocket at this path, try /ws",
  429: "too many connections of this client",
  503: "too many connections, or the server is stopping",
};

function unauthenticated({ tokenSource, hasCertificate }: Attempt): string {
  if (tokenSource !== undefined) {
    return `it does not accept the key or token of ${tokenSource}, which may be mistyped, expired, revoked, ` +
      "or another server's";
  }
  const shown = hasCertificate ? "the certificate of --cert is not enough, " : "";
  return `${shown}expected a key or token of the server: set LUNO_MCP_TOKEN, or give --token-file`;
}

/** The error for a handshake that was interrupted. */
export function handshakeError(cause: Error, attempt: Attempt): ConnectionError {
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const reason = cleanText(cause.message);
  const fault = tlsFault(code, reason, attempt);
  if (fault !== undefined) return new ConnectionError("ERR_TLS", fault, { cause });
  if (/timed out/i.test(cause.message)) {
    return new ConnectionError("ERR_TIMEOUT", "Server did not answer the handshake in time", { cause });
  }
  if (code === "" || code.startsWith("WS_ERR") || code.startsWith("HPE_")) {
    const hint = attempt.url.protocol === "ws:" && code.startsWith("HPE_") ? ": does it expect wss?" : "";
    return new ConnectionError("ERR_HANDSHAKE", `Expected an MCP server that speaks WebSocket: ${reason}${hint}`, {
      cause,
    });
  }
  const hint = code === "ECONNRESET" && attempt.hasCertificate ? `: ${CERTIFICATE_REFUSED}` : "";
  return new ConnectionError("ERR_UNREACHABLE", `Cannot reach the server: ${reason}${hint}`, { cause });
}

const CERTIFICATE_REFUSED = "it may not accept the certificate of --cert: an authority of the server must have " +
  "issued it, and it must be neither expired nor revoked";

/** The TLS failure, and at which end it occurred; `undefined` when it was not TLS. */
function tlsFault(code: string, reason: string, attempt: Attempt): string | undefined {
  const { url: { hostname }, hasAuthorities, hasCertificate } = attempt;
  const known = `${reason} (${code})`;
  if (/ALERT_(PROTOCOL_VERSION|UNRECOGNIZED_NAME|INTERNAL_ERROR|INSUFFICIENT_SECURITY)/.test(code)) {
    return `The server refused the TLS connection: ${known}`;
  }
  // The server's alert about the client, in each of the forms that runtimes report it.
  if (/_ALERT_/.test(code)) {
    return hasCertificate
      ? `The server refused the TLS connection, ${CERTIFICATE_REFUSED}: ${known}`
      : `The server requires a client certificate, and none was given: set --cert and --key: ${known}`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code)) {
    return `The server does not speak TLS at this port: does it expect ws?: ${known}`;
  }
  if (code === "CERT_HAS_EXPIRED") return `The server's certificate has expired: ${known}`;
  if (code === "CERT_NOT_YET_VALID") {
    return `The server's certificate is not valid yet, or this clock is wrong: ${known}`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `The server's certificate is for other names than ${hostname}: ${known}`;
  }
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/.test(code)) {
    return hasAuthorities
      ? `None of the authorities in --ca issued the server's certificate: ${known}`
      : `No public authority issued the server's certificate: name the file of its own authority with --ca: ${known}`;
  }
  if (!/^(CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|HOSTNAME)|SSL|certificate/i.test(code)) return undefined;
  return `Cannot trust the server's certificate: ${known}`;
}

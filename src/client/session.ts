/** An MCP session with a server over WebSocket, in the protocol revision of the server. */

import { Client, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { cleanText } from "../text/clean_text.ts";
import { VERSION } from "../version.ts";
import { ConnectionError } from "./connection_error.ts";
import { ResumingTransport } from "./resuming_transport.ts";
import type { ResumingOptions } from "./resuming_transport.ts";
import type { Endpoint, SocketOptions } from "./socket.ts";
import { WebSocketClientTransport } from "./transport.ts";

/** An open session. */
export interface Session {
  readonly client: Client;
  readonly transport: WebSocketClientTransport | ResumingTransport;
}

/** Options of a session. */
export interface SessionOptions extends SocketOptions {
  /**
   * The client's name.
   *
   * @default "luno-mcp-client"
   */
  readonly name?: string;
  /**
   * Reconnects when a connection ends.
   *
   * @default the session ends with its connection
   */
  readonly resuming?: ResumingOptions;
}

/** Time limit of the protocol's handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Opens a session. Rejects with a {@linkcode ConnectionError}. */
export async function openSession(endpoint: Endpoint, options: SessionOptions = {}): Promise<Session> {
  const { name = "luno-mcp-client", resuming, ...socketOptions } = options;
  const { signal } = options;
  const transport = resuming === undefined
    ? new WebSocketClientTransport(endpoint, socketOptions)
    : new ResumingTransport(endpoint, socketOptions, resuming);
  const client = new Client({ name, version: VERSION }, { versionNegotiation: { mode: "auto" } });
  try {
    await client.connect(transport, { timeout: HANDSHAKE_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    const { cause } = transport;
    await transport.close();
    throw cause ?? sessionError(error, signal);
  }
  return { client, transport };
}

/** The error for a failed protocol handshake on an open connection. */
function sessionError(cause: unknown, signal: AbortSignal | undefined): ConnectionError {
  if (signal?.aborted) return new ConnectionError("ERR_ENDED", "Connecting was given up", { cause });
  if (cause instanceof SdkError && cause.code === SdkErrorCode.RequestTimeout) {
    return new ConnectionError("ERR_TIMEOUT", "Server did not answer the MCP handshake in time", { cause });
  }
  const words = cause instanceof Error ? cleanText(cause.message) : "no reason given";
  return new ConnectionError("ERR_HANDSHAKE", `Expected an MCP server: ${words}`, { cause });
}

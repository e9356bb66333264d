/** Errors of commands, of `client` and of `bridge`. */

import type { ErrorRow } from "./error_row.ts";
import { LOCAL, RPC_REFUSED } from "./error_row.ts";

/** Errors that any command can end with; `--json` prints them. */
export const COMMAND_CODES = {
  ERR_CONFIGURATION: {
    ...LOCAL,
    exit: 2,
    meaning: "the command line or configuration is not valid; `problems` has all",
    action: "correct each problem",
    retry: "no",
  },
  ERR_COMMAND_FAILED: {
    ...LOCAL,
    meaning: "the command could not do what was asked; `message` says why",
    action: "as the message says",
    retry: "depends",
  },
} as const satisfies Record<string, ErrorRow>;

/** Why a connection to a server failed or ended. */
export const CONNECTION_CODES = {
  ERR_UNREACHABLE: {
    ...LOCAL,
    meaning: "nothing listens at the address",
    action: "check host and port; start the server",
    retry: "yes",
  },
  ERR_REFUSED: {
    ...LOCAL,
    meaning: "the server rejected the connection; the message has the status",
    action: "as the message says",
    retry: "depends",
  },
  ERR_TLS: {
    ...LOCAL,
    meaning: "the certificate is not trusted or does not fit",
    action: "`--ca`, or a certificate for this name",
    retry: "no",
  },
  ERR_HANDSHAKE: {
    ...LOCAL,
    meaning: "the other end is no MCP server over WebSocket",
    action: "check the address and path",
    retry: "no",
  },
  ERR_CLOSED: {
    ...LOCAL,
    meaning: "the server closed the connection",
    action: "connect again; `bridge` does so itself",
    retry: "yes",
  },
  ERR_LOST: {
    ...LOCAL,
    meaning: "the connection broke",
    action: "connect again; `bridge` does so itself",
    retry: "yes",
  },
  ERR_ENDED: { ...LOCAL, meaning: "you ended the connection", action: "connect again", retry: "no" },
} as const satisfies Record<string, ErrorRow>;

/** How `client` and `bridge` report a call that failed. */
export const REMOTE_CALL_CODES = {
  ERR_CONNECTION_LOST: {
    ...RPC_REFUSED,
    meaning: "the connection broke while a call ran; `safeToRepeat` says whether it may be repeated",
    action: "look up what it did, unless it is safe to repeat",
    retry: "depends",
  },
  ERR_NOT_CONNECTED: {
    ...RPC_REFUSED,
    meaning: "there is no connection; nothing was sent",
    action: "repeat the call",
    retry: "yes",
  },
  ERR_TOOL: {
    ...LOCAL,
    meaning: "a tool of a server that is not this program failed",
    action: "read its message",
    retry: "depends",
  },
} as const satisfies Record<string, ErrorRow>;

/** JSON-RPC error codes: the specification's and this server's. */

/** The text is not JSON. */
export const PARSE_ERROR = -32700;
/** The value is not a message, or not one that may be sent now. */
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** The server is overloaded or shutting down, or the client exceeded a limit; `data` says when to try again. */
export const SERVER_BUSY = -32000;
/** What the protocol's SDKs answer for an unknown session. */
export const SESSION_NOT_FOUND = -32001;
/** What MCP revisions before 2026-07-28 answer for an unknown resource. */
export const RESOURCE_NOT_FOUND = -32002;
/** A tool answered an error; `data.code` says which. */
export const TOOL_FAILED = -32010;

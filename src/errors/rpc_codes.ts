/** Codes of JSON-RPC errors: those of the specification, and those of this server. */

/** The text is no JSON. */
export const PARSE_ERROR = -32700;
/** The value is no message, or not one that may be sent now. */
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** The server is too busy, ends, or the client is too eager; `data` says when to try again. */
export const SERVER_BUSY = -32000;
/** What the protocol's SDKs answer for a session that does not exist. */
export const SESSION_NOT_FOUND = -32001;
/** What revisions of MCP before 2026-07-28 call a resource that does not exist. */
export const RESOURCE_NOT_FOUND = -32002;
/** A tool answers an error; `data.code` says which. */
export const TOOL_FAILED = -32010;

/** Openings as clients send them, valid and broken, and what they ask right after. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";

/** What one client sends, in its order. */
export type Conversation = readonly JSONRPCMessage[];

const MODERN = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "claude-code", title: "Claude Code", version: "2.4.1" },
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, roots: {} },
};

/** A request. */
export function request(id: number | string, method: string, params?: Record<string, unknown>): JSONRPCMessage {
  return { jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) };
}

/** A request of 2026-07-28; `meta` is put over a good envelope. */
export function modern(
  id: number | string,
  method: string,
  { params = {}, meta = {} }: { params?: Record<string, unknown>; meta?: Record<string, unknown> } = {},
): JSONRPCMessage {
  return request(id, method, { ...params, _meta: { ...MODERN, ...meta } });
}

/** The opening of the years before; `params` are put over good ones. */
export function initialize(id: number | string, params: Record<string, unknown> = {}): JSONRPCMessage {
  return request(id, "initialize", {
    protocolVersion: "2025-11-25",
    capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: {} },
    clientInfo: { name: "claude-ai", version: "0.1.0" },
    ...params,
  });
}

/** A notification. */
export function notification(method: string, params?: Record<string, unknown>): JSONRPCMessage {
  return { jsonrpc: "2.0", method, ...(params === undefined ? {} : { params }) };
}

const INITIALIZED = notification("notifications/initialized");
const LIST_METHODS = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];

const legacyLists = LIST_METHODS.map((method, at) => request(at + 1, method, {}));
const modernLists = LIST_METHODS.map((method, at) => modern(at + 1, method));

/** Each conversation by what it is. */
export const CONVERSATIONS: Readonly<Record<string, Conversation>> = {
  "initialize, initialized and every list": [initialize(0), INITIALIZED, ...legacyLists],
  "a discovery and every list": [modern(0, "server/discover"), ...modernLists],
  "every list without a discovery": modernLists,
  "every list without initialize": legacyLists,
  ...Object.fromEntries(
    ["2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07", "2099-01-01", "2026-07-28", "1", ""].map((revision) => [
      `initialize in ${JSON.stringify(revision)}`,
      [initialize("one", { protocolVersion: revision }), INITIALIZED, request(2, "tools/list"), request(3, "ping")],
    ]),
  ),
  "pings before and after initialize": [request(0, "ping"), initialize(1), request(2, "ping", {}), INITIALIZED],
  "a progress token and other members of _meta": [
    initialize(0, { _meta: { progressToken: "a", "example.com/trace": [1] } }),
    request(1, "tools/list", { _meta: { progressToken: 2 } }),
    modern(2, "tools/list", { meta: { progressToken: 7, "example.com/trace": {} } }),
  ],
  "initialize twice, in two revisions": [
    initialize(0),
    INITIALIZED,
    initialize(1, { protocolVersion: "2024-11-05" }),
    request(2, "tools/list"),
  ],
  "initialized without initialize": [INITIALIZED, request(1, "tools/list"), modern(2, "tools/list")],
  "a discovery, then initialize": [modern(0, "server/discover"), initialize(1), INITIALIZED, request(2, "tools/list")],
  "an unsupported revision, a discovery, a notification, a list, then a ping without a revision": [
    modern(0, "ping", { meta: { "io.modelcontextprotocol/protocolVersion": "2025-03-26" } }),
    modern(1, "server/discover"),
    notification("notifications/initialized", { _meta: MODERN }),
    modern(3, "tools/list"),
    request(4, "ping"),
  ],
  "two discoveries": [modern(0, "server/discover"), modern(1, "server/discover"), modern(2, "prompts/list")],
  "initialize on a connection of 2026-07-28": [modern(0, "tools/list"), initialize(1), modern(2, "tools/list")],
  "a ping on a connection of 2026-07-28": [modern(0, "tools/list"), request(1, "ping"), modern(2, "ping")],
  "a ping after a discovery": [modern(0, "server/discover"), request(1, "ping"), modern(2, "tools/list")],
  "2026-07-28 on a connection of the years before": [
    initialize(0),
    INITIALIZED,
    modern(1, "tools/list"),
    modern(2, "server/discover"),
    request(3, "server/discover"),
  ],
  "a request without a revision on a connection of 2026-07-28": [
    modern(0, "server/discover"),
    modern(1, "tools/list"),
    request(2, "tools/list"),
    request(3, "resources/list", {}),
  ],
  "revisions that nobody serves": [
    modern(0, "server/discover", { meta: { "io.modelcontextprotocol/protocolVersion": "2027-01-01" } }),
    modern(1, "tools/list", { meta: { "io.modelcontextprotocol/protocolVersion": "2025-11-25" } }),
    modern(2, "tools/list", { meta: { "io.modelcontextprotocol/protocolVersion": "" } }),
    initialize(3),
    request(4, "tools/list"),
  ],
  "initialize that names a revision in _meta": [
    initialize(0, { _meta: { ...MODERN, "io.modelcontextprotocol/protocolVersion": "2025-11-25" } }),
    request(1, "tools/list"),
    modern(2, "tools/list"),
  ],
  "initialize of 2026-07-28": [initialize(0, { _meta: MODERN }), modern(1, "tools/list"), request(2, "tools/list")],
  "broken envelopes": [
    modern(0, "server/discover", { meta: { "io.modelcontextprotocol/clientCapabilities": undefined } }),
    modern(1, "server/discover", { meta: { "io.modelcontextprotocol/protocolVersion": 7 } }),
    modern(2, "tools/list", { meta: { "io.modelcontextprotocol/clientInfo": "claude" } }),
    modern(3, "tools/list", { meta: { "io.modelcontextprotocol/logLevel": "loud" } }),
    modern(4, "tools/list"),
  ],
  "broken initialize": [
    request(0, "initialize"),
    request(1, "initialize", { protocolVersion: "2025-11-25" }),
    initialize(2, { clientInfo: { name: "x" } }),
    initialize(3, { capabilities: [] }),
    initialize(4, { protocolVersion: 20251125 }),
    initialize(5),
  ],
  "cursors": [initialize(0), request(1, "tools/list", { cursor: "x" }), request(2, "prompts/list", { cursor: 1 })],
  "methods that nobody has": [request(0, "no/such"), request(1, "tools/list"), modern(2, "no/such")],
  "prompts, completions and resources that the SDK reads": [
    initialize(0),
    INITIALIZED,
    request(1, "prompts/get", { name: "market_brief", arguments: { pair: "XBTZAR" } }),
    request(2, "prompts/get", { name: "none" }),
    request(3, "tools/call", { name: "no_such_tool" }),
    request(4, "tools/list"),
    notification("notifications/roots/list_changed"),
    initialize(5),
  ],
  "the same of 2026-07-28": [
    modern(0, "server/discover"),
    modern(1, "prompts/get", { params: { name: "market_brief", arguments: { pair: "XBTZAR" } } }),
    modern(2, "prompts/list"),
    modern(3, "server/discover"),
    modern(4, "subscriptions/listen", { params: { notifications: {} } }),
  ],
  "ids that come again": [initialize(1), request(1, "tools/list"), request(1, "ping"), request("1", "no/such")],
};

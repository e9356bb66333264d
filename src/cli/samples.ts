/**
 * Samples of the files that operators write. JSON has no comments, so each comes with a page that explains every
 * member.
 */

import { SERVER_SETTINGS } from "../config/server_settings.ts";
import type { Setting } from "../config/setting.ts";
import { policyJsonSchema } from "../trading/policy/policy_schema.ts";
import { isObject } from "../validation/is_object.ts";

/** The sample of one command. */
export interface Sample {
  readonly title: string;
  readonly content: object;
  /** Markdown: the meaning of each member. */
  explanation(): string;
  /** How to use the file; `PATH` is replaced by its path. */
  readonly use: string;
}

/** The commands that have a sample. */
export type SampleName = "config" | "policy" | "access";

/** The samples, which pass the checks of their commands; each is cautious, and enables no trading by itself. */
export const SAMPLES: Readonly<Record<SampleName, Sample>> = {
  config: {
    title: "Settings of luno-mcp-server",
    content: { exchange: "simulated", trading: "off", "log-level": "info", "log-format": "text" },
    explanation: explainSettings,
    use: "luno-mcp-server --config PATH; luno-mcp-server config print --config PATH checks it",
  },
  policy: {
    title: "Trading policy of luno-mcp-server",
    content: {
      default: {
        mode: "confirm",
        pairs: ["BTC/ZAR", "ETH/ZAR"],
        order_types: ["limit"],
        max_per_order: { amount: "1000", currency: "ZAR" },
        max_per_day: { amount: "5000", currency: "ZAR" },
        max_open_orders: 5,
        max_orders_per_minute: 5,
        price_band_percent: "5",
        cool_off: { rejects: 3, within_seconds: 60, pause_seconds: 300 },
      },
      identities: { "key:reader": { mode: "observe" } },
    },
    explanation: explainPolicyFile,
    use: "luno-mcp-server --trading confirm --policy PATH; luno-mcp-server policy check --policy PATH checks it",
  },
  access: {
    title: "Access of identities to luno-mcp-server",
    content: {
      default: { scopes: ["market:read"], rate_limit: 60, max_connections: 5, max_in_flight: 4 },
      identities: {
        "key:reader": { scopes: ["market:read", "account:read"], rate_limit: 600, max_connections: 20 },
        "local": { scopes: ["market:read", "account:read", "server:admin"] },
      },
    },
    explanation: explainAccess,
    use: "luno-mcp-server --transport websocket --access PATH checks it at its start",
  },
};

function explainSettings(): string {
  const rows = Object.values<Setting>(SERVER_SETTINGS).filter(({ source }) => source === undefined);
  return table(
    ["member", "default", "meaning"],
    rows.flatMap(({ flag, default: preset = "", help }) => flag === undefined ? [] : [[flag, preset, help]]),
  );
}

function explainPolicyFile(): string {
  const root = propertiesOf(policyJsonSchema());
  return [
    table(["member", "meaning"], ["default", "identities"].map((name) => [name, meaningOf(root[name])])),
    "Members of `default` and of each identity:",
    table(
      ["member", "meaning"],
      Object.entries(propertiesOf(root.default)).map(([name, schema]) => [name, meaningOf(schema)]),
    ),
  ].join("\n\n");
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  return isObject(schema) && isObject(schema.properties) ? schema.properties : {};
}

function meaningOf(schema: unknown): string {
  return isObject(schema) && typeof schema.description === "string" ? schema.description : "Most of them, or `null`";
}

function explainAccess(): string {
  return table(["member", "meaning"], [
    ["default", "what holds for identities that are not named"],
    ["identities", "by name (`key:NAME`, `token:SUB`, `cert:SAN`, `local`); what an entry leaves out is the default's"],
    ["scopes", "the most that it may do, whatever its key or token says; `[]` allows nothing"],
    ["rate_limit", "requests per minute"],
    ["max_connections", "connections, and HTTP requests that are running"],
    ["max_in_flight", "requests of one WebSocket that run at the same time"],
  ]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Information about the server and its connection to the exchange. */

import { z } from "zod";
import { tellableSkewMs } from "../exchange/clock_skew.ts";
import type { CallerFacts } from "../access/caller.ts";
import { SCOPES } from "../access/scopes.ts";
import type { Scope } from "../access/scopes.ts";
import { usageRecord } from "../market/exchange_usage.ts";
import { attempt, checkKey, probePermissions } from "./key_permissions.ts";
import { defineTool, READS_EXCHANGE, READS_SERVER } from "./tool.ts";
import type { Tool } from "./tool.ts";

const checkApiHealth = defineTool({
  name: "check_api_health",
  title: "API health",
  description:
    "Is the exchange up, and the key good: latency, calls left in the shared budget, clock skew, what the API key may read.",
  group: "server",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    permissions: z.boolean().default(true).describe("also try what the key may read, at up to six calls"),
  }),
  output: z.object({
    reachable: z.boolean(),
    host: z.string(),
    since: z.string().optional(),
    latency_ms: z.int().optional(),
    problem: z.string().optional(),
    calls_left: z.int().describe("of calls_per_minute, now"),
    calls_per_minute: z.int(),
    calls_sent: z.int().optional(),
    calls_saved: z.record(z.string(), z.int()).optional(),
    streams: z.array(z.unknown()).optional(),
    user_streams: z.array(z.unknown()).optional(),
    clock_skew_ms: z.int().optional().describe("exchange minus server"),
    credentials: z.enum(["accepted", "refused", "missing", "unknown"]),
    permissions: z.record(z.string(), z.enum(["granted", "refused", "unknown"])),
    trading: z.enum(["off", "confirm", "auto"]),
    halted: z.boolean().optional(),
  }),
  async run(input, context) {
    const { exchange } = context;
    const market = await attempt(context, "getTicker", { pair: "XBTZAR" });
    const { lastLatencyMs } = exchange.status();
    const verdicts = exchange.hasCredentials && input.permissions && market.reached
      ? await probePermissions(context)
      : [];
    const { budget, clock, host, reachability } = exchange.status();
    return {
      reachable: market.reached,
      host,
      ...(reachability.since === null || reachability.reachable !== market.reached
        ? {}
        : { since: new Date(reachability.since).toISOString() }),
      ...(market.reached && lastLatencyMs !== null ? { latency_ms: Math.round(lastLatencyMs) } : {}),
      ...(market.error === undefined ? {} : { problem: market.error.message }),
      calls_left: budget.remaining,
      calls_per_minute: budget.limitPerMinute,
      ...(context.server.usage === undefined ? {} : usageRecord(context.server.usage())),
      ...(clock === null ? {} : { clock_skew_ms: tellableSkewMs(clock.skewMs) }),
      credentials: exchange.hasCredentials ? checkKey(verdicts) : "missing" as const,
      permissions: Object.fromEntries(
        verdicts.map(({ permission, verdict }) => [permission, verdict === "key refused" ? "refused" : verdict]),
      ),
      trading: context.server.trading,
      ...(context.broker === undefined ? {} : { halted: await context.broker.isHalted() }),
    };
  },
});

const describeCapabilities = defineTool({
  name: "describe_capabilities",
  title: "Capabilities",
  description:
    "What this server is and offers you: version, exchange, your identity and scopes, tools. Needs no call to the exchange.",
  group: "server",
  scope: "market:read",
  annotations: READS_SERVER,
  input: z.strictObject({}),
  output: z.object({
    server: z.string(),
    version: z.string(),
    exchange: z.enum(["live", "paper", "simulated"]),
    credentials: z.boolean(),
    trading: z.enum(["off", "confirm", "auto"]),
    caller: z.object({ identity: z.string(), scopes: z.array(z.string()) }),
    tools: z.array(z.object({ name: z.string(), scope: z.string() })),
  }),
  run(_input, { server, exchange, caller }) {
    return Promise.resolve({
      server: server.name,
      version: server.version,
      exchange: server.exchange,
      credentials: exchange.hasCredentials,
      trading: server.trading,
      caller: { identity: caller.identity, scopes: scopesOf(caller) },
      tools: server.tools.filter(({ scope }) => caller.allows(scope)).map(({ name, scope }) => ({ name, scope })),
    });
  },
  // This information does not change while the server runs.
  dependsOn: ({ caller, exchange }) => `${exchange.hasCredentials} ${scopesOf(caller).join(" ")} ${caller.identity}`,
});

function scopesOf(caller: CallerFacts): Scope[] {
  return SCOPES.filter((scope) => caller.allows(scope));
}

/** Tools about the server. */
export const serverTools: readonly Tool[] = [checkApiHealth, describeCapabilities];

/** What the server says about itself and its way to the exchange. */

import { z } from "zod";
import { tellableSkewMs } from "../exchange/clock_skew.ts";
import type { AnswerOf, EndpointName, ParamsOf } from "../exchange/endpoints.ts";
import { ExchangeError } from "../exchange/errors.ts";
import { SCOPES } from "../access/scopes.ts";
import { defineTool, READS_EXCHANGE, READS_SERVER } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

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
      ...(clock === null ? {} : { clock_skew_ms: tellableSkewMs(clock.skewMs) }),
      credentials: checkKey(exchange.hasCredentials, verdicts),
      permissions: Object.fromEntries(
        verdicts.map(({ permission, verdict }) => [permission, verdict === "key refused" ? "refused" : verdict]),
      ),
      trading: context.server.trading,
      ...(context.broker === undefined ? {} : { halted: context.broker.isHalted() }),
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
      caller: { identity: caller.identity, scopes: SCOPES.filter((scope) => caller.allows(scope)) },
      tools: server.tools.filter(({ scope }) => caller.allows(scope)).map(({ name, scope }) => ({ name, scope })),
    });
  },
});

/** The server itself. */
export const serverTools: readonly Tool[] = [checkApiHealth, describeCapabilities];

type Attempt<Name extends EndpointName> =
  | { reached: true; answer?: AnswerOf<Name>; error?: ExchangeError }
  | { reached: false; error: ExchangeError };

/** Calls and tells whether the exchange was there at all; a refusal counts as reached, an answer of another hand not. */
async function attempt<Name extends EndpointName>(
  { exchange, signal }: ToolContext,
  name: Name,
  params: ParamsOf<Name>,
): Promise<Attempt<Name>> {
  try {
    return { reached: true, answer: await exchange.call(name, params, { signal, fresh: true }) };
  } catch (error) {
    if (!(error instanceof ExchangeError) || error.code === "ERR_CANCELLED") throw error;
    const answered = error.status !== undefined && error.status < 500 && error.code !== "ERR_ANSWER_INVALID";
    return { reached: answered, error };
  }
}

interface PermissionVerdict {
  readonly permission: string;
  readonly verdict: "granted" | "refused" | "key refused" | "unknown";
}

/** Tries one cheap read for each permission that a read can show. */
async function probePermissions(context: ToolContext): Promise<PermissionVerdict[]> {
  const balances = await attempt(context, "getBalances", {});
  const accountId = balances.reached ? balances.answer?.balance[0]?.account_id : undefined;
  const probes: Promise<PermissionVerdict>[] = [
    classifyProbe("Perm_R_Orders", attempt(context, "listOrders", { limit: 1 })),
    classifyProbe("Perm_R_Withdrawals", attempt(context, "listWithdrawals", { limit: 1 })),
    classifyProbe("Perm_R_Beneficiaries", attempt(context, "listBeneficiaries", {})),
    ...(accountId === undefined ? [] : [
      classifyProbe(
        "Perm_R_Transactions",
        attempt(context, "listTransactions", { id: accountId, min_row: -1, max_row: 0 }),
      ),
      classifyProbe("Perm_R_Transfers", attempt(context, "listTransfers", { account_id: accountId, limit: 1 })),
    ]),
  ];
  return [await classifyProbe("Perm_R_Balance", Promise.resolve(balances)), ...await Promise.all(probes)];
}

async function classifyProbe(permission: string, probe: Promise<Attempt<EndpointName>>): Promise<PermissionVerdict> {
  const { error } = await probe;
  if (error === undefined) return { permission, verdict: "granted" };
  if (error.code === "ERR_CREDENTIALS_REFUSED") return { permission, verdict: "key refused" };
  return { permission, verdict: error.code === "ERR_PERMISSION_MISSING" ? "refused" : "unknown" };
}

function checkKey(
  hasKey: boolean,
  verdicts: readonly PermissionVerdict[],
): "accepted" | "refused" | "missing" | "unknown" {
  if (!hasKey) return "missing";
  if (verdicts.some(({ verdict }) => verdict === "key refused")) return "refused";
  return verdicts.some(({ verdict }) => verdict !== "unknown") ? "accepted" : "unknown";
}

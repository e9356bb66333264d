/** One look at a server, and one call of a tool on it. */

import type { Tool } from "@modelcontextprotocol/client";
import { callRemoteTool } from "../client/remote_tool.ts";
import type { RemoteOutcome } from "../client/remote_tool.ts";
import type { Session } from "../client/session.ts";
import type { Endpoint } from "../client/socket.ts";
import { didYouMean } from "../did_you_mean.ts";
import type { ArgumentSchema } from "../tools/argument_problems.ts";
import { exitCodeOf, exitCodeWithoutAnswer } from "./exit_code.ts";
import { printable } from "./live_text.ts";
import { formatAnswer, formatTable } from "./table.ts";
import { readToolArguments } from "./tool_arguments.ts";
import { print, refuse } from "./world.ts";
import type { ExitCode, World } from "./world.ts";

/** For one call, in milliseconds. */
const CALL_TIMEOUT_MS = 60_000;

/** Prints who the server is, what it speaks and which tools it offers. */
export async function describeServer(
  { client }: Session,
  { endpoint, world, json }: { endpoint: Endpoint; world: World; json: boolean },
): Promise<ExitCode> {
  const { tools } = await client.listTools();
  const server = {
    address: endpoint.url.href,
    name: client.getServerVersion()?.name ?? "",
    version: client.getServerVersion()?.version ?? "",
    protocol: client.getNegotiatedProtocolVersion() ?? "",
    era: client.getProtocolEra() ?? "",
    capabilities: Object.keys(client.getServerCapabilities() ?? {}),
  };
  const rows = tools.map(({ name, title, annotations }) => ({
    name,
    effect: annotations?.readOnlyHint ? "reads" : "changes",
    title: title ?? "",
  }));
  if (json || !world.stdout.isTerminal()) await print(world.stdout, JSON.stringify({ ...server, tools: rows }));
  else {
    const again = `luno-mcp-server client --uri ${endpoint.url.href} call ${rows[0]?.name ?? "TOOL"} name=value`;
    const text = `${formatAnswer(server)}\n\n${formatTable(rows)}\n${rows.length} tools, to call one: ${again}`;
    await print(world.stdout, printable(text));
  }
  return 0;
}

/** Calls one tool and prints its answer; exit code 1 when that is an error. */
export async function callOnServer(
  session: Session,
  { tool: name, words, world, json }: { tool: string; words: readonly string[]; world: World; json: boolean },
): Promise<ExitCode> {
  const { tools } = await session.client.listTools();
  const tool = tools.find((tool) => tool.name === name);
  if (tool === undefined) {
    return await refuse(world, [
      `${name}: unknown tool, or one that this identity may not use${didYouMean(name, tools.map((tool) => tool.name))}`,
    ]);
  }
  const args = readToolArguments(words, schemasOf(tool));
  const outcome = await callRemoteTool(session, { name, args }, {
    timeoutMs: CALL_TIMEOUT_MS,
    signal: world.shutdown,
  });
  const value = valueOf(outcome);
  const text = json || !world.stdout.isTerminal() ? JSON.stringify(value) : printable(formatAnswer(value));
  await print(world.stdout, text);
  if (outcome.kind === "answer") return exitCodeOf(name, outcome.value);
  return isWithoutAnswer(outcome) ? exitCodeWithoutAnswer(name) : 1;
}

/** Whether the server may have done what it was asked for, although nobody has heard so. */
function isWithoutAnswer(outcome: Exclude<RemoteOutcome, { kind: "answer" }>): boolean {
  if (outcome.kind === "disconnected") return true;
  return outcome.kind === "error" && ["ERR_TIMEOUT", "ERR_INTERNAL"].includes(outcome.code);
}

function valueOf(outcome: RemoteOutcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "answer") return outcome.value;
  if (outcome.kind === "error") return { error: outcome.value };
  if (outcome.kind === "disconnected") return { error: { code: outcome.cause.code, message: outcome.cause.message } };
  const { code, message, retryAfterMs } = outcome;
  return { error: { code, message, retry_after_ms: retryAfterMs } };
}

/** A server's schemas of a tool's arguments; one that is no object says nothing. */
export function schemasOf({ inputSchema: { properties = {} } }: Tool): Record<string, ArgumentSchema> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      typeof schema === "object" && schema !== null && !Array.isArray(schema) ? [[name, schema as ArgumentSchema]] : []
    ),
  );
}

/** Describes a server, and calls one tool on it. */

import { callRemoteTool } from "../client/remote_tool.ts";
import type { RemoteOutcome, RemoteTool } from "../client/remote_tool.ts";
import type { Session } from "../client/session.ts";
import type { Endpoint } from "../client/socket.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { ArgumentSchema } from "../tools/argument_problems.ts";
import { exitCodeOf, exitCodeOfError, exitCodeWithoutAnswer } from "./exit_code.ts";
import { printable } from "./terminal/live_text.ts";
import { formatAnswer } from "./terminal/answer.ts";
import { answerCall } from "./answer_call.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { describeArguments, exampleLine, exampleOf, formatToolHelp } from "./terminal/tool_help.ts";
import { readToolArguments } from "./terminal/tool_arguments.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Output options. */
interface Shown {
  readonly world: World;
  readonly json: boolean;
  readonly wide: boolean;
}

/** Time limit of one call, in milliseconds. */
const CALL_TIMEOUT_MS = 60_000;

/** Prints the server's name, its protocol revision and its tools. */
export async function describeServer(
  { client }: Session,
  { endpoint, world, json, wide }: Shown & { readonly endpoint: Endpoint },
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
    const screen = screenOf(world, { wide });
    const [first] = tools;
    const example = first === undefined
      ? "TOOL name=value"
      : exampleOf(first.name, schemasOf(first), requiredOf(first));
    await print(
      world.stdout,
      [
        formatAnswer(server, screen),
        "",
        formatTable(rows, screen),
        "",
        `${rows.length} tools; to call one:`,
        exampleLine(`luno-mcp-server client --uri ${printable(endpoint.url.href)} call ${example}`, screen),
      ].join("\n"),
    );
  }
  return 0;
}

/** Prints the help of a server's tool. */
export async function explainOnServer(
  { client }: Session,
  { tool: name, endpoint, world, json }: Omit<Shown, "wide"> & { readonly tool: string; readonly endpoint: Endpoint },
): Promise<ExitCode> {
  const { tools } = await client.listTools();
  const tool = tools.find((tool) => tool.name === name);
  if (tool === undefined) return await refuse(world, [unknownTool(name, tools)]);
  const facts = { name, title: tool.title ?? "", description: tool.description ?? "" };
  const described = { ...facts, schemas: schemasOf(tool), required: requiredOf(tool) };
  const command = `luno-mcp-server client --uri ${printable(endpoint.url.href)} call`;
  const example = exampleOf(name, described.schemas, described.required);
  await print(
    world.stdout,
    json
      ? JSON.stringify({ ...facts, arguments: describeArguments(described), example })
      : formatToolHelp(described, command, screenOf(world)),
  );
  return 0;
}

function unknownTool(name: string, tools: readonly RemoteTool[]): string {
  const names = tools.map((tool) => tool.name);
  return `${name}: unknown tool, or one that this identity may not use${didYouMean(name, names)}`;
}

/** Calls one tool and prints its answer; exit code 1 when that is an error. */
export async function callOnServer(
  session: Session,
  { tool: name, words, world, json, wide }: Shown & { readonly tool: string; readonly words: readonly string[] },
): Promise<ExitCode> {
  const { tools } = await session.client.listTools();
  const tool = tools.find((tool) => tool.name === name);
  if (tool === undefined) return await refuse(world, [unknownTool(name, tools)]);
  const args = readToolArguments(words, schemasOf(tool));
  const outcome = await callRemoteTool(session, { name, args }, {
    timeoutMs: CALL_TIMEOUT_MS,
    signal: world.shutdown,
  });
  return await answerCall(valueOf(outcome), { tool: name, code: exitCodeOfOutcome(name, outcome), world, json, wide });
}

function exitCodeOfOutcome(tool: string, outcome: RemoteOutcome): ExitCode {
  if (outcome.kind === "answer") return exitCodeOf(tool, outcome.value);
  // The server's answer may have been lost.
  if (outcome.kind === "disconnected" || outcome.code === "ERR_TIMEOUT") return exitCodeWithoutAnswer(tool);
  return exitCodeOfError(tool, outcome.code);
}

function valueOf(outcome: RemoteOutcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "answer") return outcome.value;
  if (outcome.kind === "error") return { error: outcome.value };
  if (outcome.kind === "disconnected") return { error: { code: outcome.cause.code, message: outcome.cause.message } };
  const { code, message, retryAfterMs } = outcome;
  return { error: { code, message, retry_after_ms: retryAfterMs } };
}

/** A server's schemas of a tool's arguments; anything but an object is ignored. */
export function schemasOf({ inputSchema: { properties = {} } }: RemoteTool): Record<string, ArgumentSchema> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      typeof schema === "object" && schema !== null && !Array.isArray(schema) ? [[name, schema as ArgumentSchema]] : []
    ),
  );
}

/** The required arguments of a server's tool. */
function requiredOf({ inputSchema: { required = [] } }: RemoteTool): readonly string[] {
  return required;
}

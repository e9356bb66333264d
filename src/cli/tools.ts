/** `tools`: the catalogue with scopes and token costs, or the help of one tool. */

import { didYouMean } from "../text/nearest_word.ts";
import { listingOf, tokenCost } from "../protocol/listing.ts";
import type { ListingEntry } from "../protocol/listing.ts";
import type { ArgumentSchema } from "../tools/argument_problems.ts";
import type { Config } from "../config/server_settings.ts";
import { screenOf, styled } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { describeArguments, exampleOf, formatToolHelp } from "./terminal/tool_help.ts";
import type { DescribedTool } from "./terminal/tool_help.ts";
import { wrap } from "./terminal/width.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Options of the listing. */
export interface ToolsOptions {
  /** Empty, or the tool whose help to show. */
  readonly operands?: readonly string[];
  readonly json: boolean;
  readonly wide?: boolean;
}

/** Prints the tools that the configuration enables, by scope; with a name, that tool's help. */
export async function printTools(
  { config: { tools } }: { readonly config: Pick<Config, "tools"> },
  world: World,
  { operands: [name] = [], json, wide = false }: ToolsOptions,
): Promise<ExitCode> {
  if (name !== undefined) return await printToolHelp(name, { world, json });
  const rows = listingOf(tools).map(({ scope, tool }) => ({
    name: tool.name,
    scope,
    tokens: tokenCost(tool),
    title: tool.title ?? "",
  }));
  const total = rows.reduce((sum, row) => sum + row.tokens, 0);
  if (json || !world.stdout.isTerminal()) {
    await print(world.stdout, JSON.stringify({ tools: rows, total_tokens: total }));
    return 0;
  }
  const screen = screenOf(world, { wide });
  const groups = [...Map.groupBy(rows, ({ scope }) => scope)].map(([scope, inScope]) =>
    `${styled(scope, "bold", screen)}\n${formatTable(inScope.map(({ scope: _, ...row }) => row), screen)}`
  );
  const end = wrap(`${rows.length} tools, ${total} tokens; tools NAME explains one`, screen.columns).join("\n");
  await print(world.stdout, [...groups, end].join("\n\n"));
  return 0;
}

/** Prints the help of any tool, including disabled ones. */
export async function printToolHelp(
  name: string,
  { world, json }: { world: World; json: boolean },
): Promise<ExitCode> {
  const entries = listingOf(["market", "account", "trading", "server"]);
  const entry = entries.find(({ tool }) => tool.name === name);
  if (entry === undefined) {
    const names = entries.map(({ tool }) => tool.name);
    return await refuse(world, [`${name}: unknown tool${didYouMean(name, names)}`]);
  }
  const tool = describedTool(entry);
  if (json || !world.stdout.isTerminal() && !world.stderr.isTerminal()) {
    const { schemas, required, ...facts } = tool;
    const shown = { ...facts, arguments: describeArguments(tool), example: exampleOf(name, schemas, required) };
    await print(world.stdout, JSON.stringify(shown));
  } else await print(world.stdout, formatToolHelp(tool, "luno-mcp-server call", screenOf(world)));
  return 0;
}

function describedTool({ scope, tool }: ListingEntry): DescribedTool {
  const { name, title = "", description = "", inputSchema: { properties = {}, required = [] } } = tool;
  return { name, title, description, scope, schemas: properties as Record<string, ArgumentSchema>, required };
}

/** `tools`: the catalogue with scopes and token costs. */

import type { LoadedConfig } from "./exchange.ts";
import { formatTable } from "./table.ts";
import { print } from "./world.ts";
import type { ExitCode, World } from "./world.ts";
import { listingOf, tokenCost } from "../protocol/listing.ts";

/** Prints the tools that the configuration offers. */
export async function printTools(
  { config }: LoadedConfig,
  world: World,
  options: { json: boolean },
): Promise<ExitCode> {
  const rows = listingOf(config.tools).map(({ scope, tool }) => ({
    name: tool.name,
    scope,
    tokens: tokenCost(tool),
    title: tool.title ?? "",
  }));
  const total = rows.reduce((sum, row) => sum + row.tokens, 0);
  const asJson = options.json || !world.stdout.isTerminal();
  await print(
    world.stdout,
    asJson
      ? JSON.stringify({ tools: rows, total_tokens: total })
      : `${formatTable(rows)}\n${rows.length} tools, ${total} tokens`,
  );
  return 0;
}

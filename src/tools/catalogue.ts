/** Every tool, and the aliases of some. */

import { accountTools } from "./account.ts";
import { aliases } from "./aliases.ts";
import { marketTools } from "./market.ts";
import { orderTools } from "./orders.ts";
import { serverTools } from "./server.ts";
import { tradingTools } from "./trading.ts";
import { plainForms } from "./plain_form.ts";
import type { Tool, ToolGroup } from "./tool.ts";

/** All tools in the order in which clients see them. */
export const catalogue: readonly Tool[] = [
  ...marketTools,
  ...accountTools,
  ...orderTools,
  ...tradingTools,
  ...serverTools,
];

/** The tools of some groups, with their aliases. */
export interface ToolSet {
  /** The listed tools. */
  readonly listed: readonly Tool[];
  /** Finds a tool by name or alias. */
  find(name: string): Tool | undefined;
  /** The same for a call whose method is the tool's name: its answer also has the fields of the older server. */
  findPlain(name: string): Tool | undefined;
}

/** Selects the tools of `groups`; trading tools can be found in any case, and then explain how to enable trading. */
export function selectTools(groups: readonly ToolGroup[]): ToolSet {
  const listed = catalogue.filter((tool) => groups.includes(tool.group));
  const byName = new Map(
    [...listed, ...tradingTools, ...aliases.filter(({ group }) => group === "trading" || groups.includes(group))]
      .map((tool) => [tool.name, tool]),
  );
  return {
    listed,
    find: (name) => byName.get(name),
    findPlain: (name) => byName.has(name) ? plainForms.get(name) ?? byName.get(name) : undefined,
  };
}

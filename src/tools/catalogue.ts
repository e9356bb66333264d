/** Every tool, and the other names under which some of them can be called. */

import { accountTools } from "./account.ts";
import { aliases } from "./aliases.ts";
import { marketTools } from "./market.ts";
import { orderTools } from "./orders.ts";
import { serverTools } from "./server.ts";
import type { Tool, ToolGroup } from "./tool.ts";

/** All tools in the order in which clients see them. */
export const catalogue: readonly Tool[] = [...marketTools, ...accountTools, ...orderTools, ...serverTools];

/** The tools of some groups, with the aliases that stand for them. */
export interface ToolSet {
  /** What lists show. */
  readonly listed: readonly Tool[];
  /** A tool by its name or alias. */
  find(name: string): Tool | undefined;
}

/** Selects the tools of `groups`. */
export function selectTools(groups: readonly ToolGroup[]): ToolSet {
  const listed = catalogue.filter((tool) => groups.includes(tool.group));
  const byName = new Map(
    [...listed, ...aliases.filter((alias) => groups.includes(alias.group))].map((tool) => [tool.name, tool]),
  );
  return { listed, find: (name) => byName.get(name) };
}

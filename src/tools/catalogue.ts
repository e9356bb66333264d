/** Every tool, and the other names under which some of them can be called. */

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

/** The tools of some groups, with the aliases that stand for them. */
export interface ToolSet {
  /** What lists show. */
  readonly listed: readonly Tool[];
  /** A tool by its name or alias. */
  find(name: string): Tool | undefined;
  /** The same for a call whose method is the name: it also answers what clients of the older server read. */
  findPlain(name: string): Tool | undefined;
}

/** Selects the tools of `groups`; those that trade can be found in any case, and say how trading is switched on. */
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

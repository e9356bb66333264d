/**
 * What clients are told about tools and prompts, and the other names that tools answer to, ready-made: `listing.json` is
 * written from the catalogue by `deno task docs`, so that a server can answer lists before it has loaded a single tool.
 */

import type { Prompt, Tool as ListedTool } from "@modelcontextprotocol/server";
import type { Scope } from "../access/scopes.ts";
import type { ToolGroup } from "../tools/tool.ts";
import listing from "./listing.json" with { type: "json" };

/** A tool as lists show it, with what decides whether a caller sees it. */
export interface ListingEntry {
  readonly group: ToolGroup;
  readonly scope: Scope;
  readonly tool: ListedTool;
}

/** A name of Luno's own Go server for a tool of ours; lists leave it out. */
export interface AliasEntry {
  readonly name: string;
  readonly group: ToolGroup;
  readonly scope: Scope;
}

/** A prompt as lists show it, with the groups whose tools it names. */
export interface PromptEntry {
  readonly groups: readonly ToolGroup[];
  readonly prompt: Prompt;
}

const { tools, aliases, prompts } = listing as {
  tools: ListingEntry[];
  aliases: AliasEntry[];
  prompts: PromptEntry[];
};

/** The entries of some groups, in the catalogue's order. */
export function listingOf(groups: readonly ToolGroup[]): ListingEntry[] {
  return tools.filter(({ group }) => groups.includes(group));
}

/** The prompts in lists, for a client that may list these groups of tools. */
export function listPrompts(offered: ReadonlySet<ToolGroup>): Prompt[] {
  return prompts.filter(({ groups }) => groups.every((group) => offered.has(group))).map(({ prompt }) => prompt);
}

/** Whether there is a prompt of a name. */
export function isPrompt(name: string): boolean {
  return prompts.some(({ prompt }) => prompt.name === name);
}

/** Every alias, by its name. */
export const ALIASES: ReadonlyMap<string, AliasEntry> = new Map(aliases.map((alias) => [alias.name, alias]));

/** Tools of a listing that may have to ask a person before they go on. */
export function askingTools(listing: readonly ListingEntry[]): ReadonlySet<string> {
  return new Set(listing.filter(({ scope }) => scope.endsWith(":write")).map(({ tool }) => tool.name));
}

/** What one tool costs every conversation that lists it, in tokens: four characters to a token. */
export function tokenCost(tool: ListedTool): number {
  return Math.ceil(JSON.stringify(tool).length / 4);
}

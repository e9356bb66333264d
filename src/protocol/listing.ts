/**
 * The lists of tools, prompts and aliases for clients: `deno task docs` generates `listing.json` from the catalogue, so
 * that a server can answer lists before it has loaded a single tool.
 */

import type { Prompt, Tool as ListedTool } from "@modelcontextprotocol/server";
import type { Scope } from "../access/scopes.ts";
import type { ToolGroup } from "../tools/tool.ts";
import listing from "./listing.json" with { type: "json" };

/** A tool in the list, with what decides whether a caller sees it. */
export interface ListingEntry {
  readonly group: ToolGroup;
  readonly scope: Scope;
  readonly tool: ListedTool;
}

/** An alias of one of our tools, from Luno's own Go server; not listed. */
export interface AliasEntry {
  readonly name: string;
  readonly group: ToolGroup;
  readonly scope: Scope;
}

/** A prompt in the list, with the groups whose tools it mentions. */
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

/** The prompts for a client that may see these groups of tools. */
export function listPrompts(offered: ReadonlySet<ToolGroup>): Prompt[] {
  return prompts.filter(({ groups }) => groups.every((group) => offered.has(group))).map(({ prompt }) => prompt);
}

/** Tells whether a prompt exists. */
export function isPrompt(name: string): boolean {
  return prompts.some(({ prompt }) => prompt.name === name);
}

/** Every alias by name. */
export const ALIASES: ReadonlyMap<string, AliasEntry> = new Map(aliases.map((alias) => [alias.name, alias]));

/** Tools that may have to ask a person before they continue. */
export function askingTools(listing: readonly ListingEntry[]): ReadonlySet<string> {
  return new Set(listing.filter(({ scope }) => scope.endsWith(":write")).map(({ tool }) => tool.name));
}

/** The number of tokens that one tool adds to every conversation that lists it, at four characters per token. */
export function tokenCost(tool: ListedTool): number {
  return Math.ceil(JSON.stringify(tool).length / 4);
}

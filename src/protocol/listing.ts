/**
 * What clients are told about the tools, and the other names that tools answer to, ready-made: `listing.json` is written
 * from the catalogue by `deno task docs`, so that a server can answer lists before it has loaded a single tool.
 */

import type { Tool as ListedTool } from "@modelcontextprotocol/server";
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

const { tools, aliases } = listing as { tools: ListingEntry[]; aliases: AliasEntry[] };

/** The entries of some groups, in the catalogue's order. */
export function listingOf(groups: readonly ToolGroup[]): ListingEntry[] {
  return tools.filter(({ group }) => groups.includes(group));
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

/**
 * What clients are told about the tools, ready-made: `listing.json` is written from the catalogue by
 * `deno task docs`, so that a server can answer lists before it has loaded a single tool.
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

/** The entries of some groups, in the catalogue's order. */
export function listingOf(groups: readonly ToolGroup[]): ListingEntry[] {
  return (listing as ListingEntry[]).filter(({ group }) => groups.includes(group));
}

/** Tools of a listing that may have to ask a person before they go on. */
export function askingTools(listing: readonly ListingEntry[]): ReadonlySet<string> {
  return new Set(listing.filter(({ scope }) => scope.endsWith(":write")).map(({ tool }) => tool.name));
}

/** What one tool costs every conversation that lists it, in tokens: four characters to a token. */
export function tokenCost(tool: ListedTool): number {
  return Math.ceil(JSON.stringify(tool).length / 4);
}

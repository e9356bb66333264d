/** The part of the listing that a caller may see: the tools that it may use now. */

import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import { SCOPES } from "../access/scopes.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { ToolGroup } from "../tools/tool.ts";
import type { ListingEntry } from "./listing.ts";

/** A caller's part of the listing. */
export interface VisibleTools {
  readonly entries: readonly ListingEntry[];
  /** As `tools/list` answers them. */
  readonly tools: ListedTool[];
  /** Groups of which it may use a tool. */
  readonly groups: ReadonlySet<ToolGroup>;
  /** Equal for callers who may use the same tools. */
  readonly rights: string;
}

/** Selects from one listing by the callers' rights; callers with equal rights share the selection. */
export class ToolVisibility {
  readonly #listing: readonly ListingEntry[];
  readonly #made = new Map<string, VisibleTools>();

  constructor(listing: readonly ListingEntry[]) {
    this.#listing = listing;
  }

  /** The tools that this caller may use now. */
  of(caller: CallerFacts): VisibleTools {
    const rights = SCOPES.filter((scope) => caller.allows(scope)).join(" ");
    const known = this.#made.get(rights);
    if (known !== undefined) return known;
    const entries = this.#listing.filter(({ scope }) => caller.allows(scope));
    const visible = {
      entries,
      tools: entries.map(({ tool }) => tool),
      groups: new Set(entries.map(({ group }) => group)),
      rights,
    };
    this.#made.set(rights, visible);
    return visible;
  }
}

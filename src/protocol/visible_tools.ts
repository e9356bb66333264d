/** What a caller is shown of the listing: the tools that it may use now. */

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
  /** Groups of which it may use something. */
  readonly groups: ReadonlySet<ToolGroup>;
  /** The same for callers that may do the same. */
  readonly rights: string;
}

/** Divides one listing by what callers may use; callers of equal rights get the same part. */
export class ToolVisibility {
  readonly #listing: readonly ListingEntry[];
  readonly #made = new Map<string, VisibleTools>();

  constructor(listing: readonly ListingEntry[]) {
    this.#listing = listing;
  }

  /** What this caller may use now. */
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

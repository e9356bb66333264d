/** Long lists of placements are read in pages, so that neither the record nor the event loop is held by one of them. */

import type { Placement } from "./recorded_placement.ts";

/** The most placements in one answer of the record. */
export const PLACEMENTS_A_PAGE = 200;

/** Reads one page: what follows the placement of a client order id, or the first page. */
export type ReadPlacements = (after?: string) => Promise<readonly Placement[]>;

/** Reads a whole list. Placements that change meanwhile may be listed or not, but none that stays is left out. */
export async function allPlacements(read: ReadPlacements): Promise<Placement[]> {
  const all: Placement[] = [];
  for (let page = await read();; page = await read(all.at(-1)?.clientOrderId)) {
    all.push(...page);
    if (page.length < PLACEMENTS_A_PAGE) return all;
  }
}

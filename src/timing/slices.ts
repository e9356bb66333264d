/** Long work in slices, with a turn of the event loop for everything else between them. */

/** Settles in the next turn of the event loop, after the messages and timers that are due by then. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Applies `map` to every item, `size` of them in one go; returns all results in the order of the items. */
export async function flatMapInSlices<Item, Result>(
  items: readonly Item[],
  { size, map }: { readonly size: number; readonly map: (item: Item) => readonly Result[] },
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += size) {
    if (from > 0) await nextTurn();
    for (const item of items.slice(from, from + size)) results.push(...map(item));
  }
  return results;
}

/** Bounded concurrency. */

/** Runs `work` on every item, at most `atOnce` at a time; returns results in the order of the items. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  { atOnce, work }: { readonly atOnce: number; readonly work: (item: Item) => Promise<Result> },
): Promise<Result[]> {
  const results = new Map<number, Result>();
  let next = 0;
  const workers = Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (let place = next++; place < items.length; place = next++) {
      for (const item of items.slice(place, place + 1)) results.set(place, await work(item));
    }
  });
  await Promise.all(workers);
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}

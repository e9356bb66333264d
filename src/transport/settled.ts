/** Waits until everything has settled that is there now, however it ended; answers whether it has within the time. */
export async function settledWithin(work: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const isSettled = await Promise.race([Promise.allSettled([...work]).then(() => true), timedOut]);
  clearTimeout(timer);
  return isSettled;
}

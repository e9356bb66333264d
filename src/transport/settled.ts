/** Waits until everything has settled that is there now, however it ended; answers whether it has within the time. */
export async function settledWithin(work: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const isSettled = await Promise.race([Promise.allSettled([...work]).then(() => true), timedOut]);
  clearTimeout(timer);
  return isSettled;
}

/** Waits until those sockets have closed that were told to, so that all of their peers hear the code. */
export async function closedWithin(
  sockets: Iterable<{ readonly isClosing: boolean; readonly gone: Promise<void> }>,
  ms: number,
): Promise<void> {
  await settledWithin([...sockets].filter(({ isClosing }) => isClosing).map(({ gone }) => gone), ms);
}

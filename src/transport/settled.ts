/** Waits until all of the given promises have settled; returns whether they did within the time. */
export async function settledWithin(work: Iterable<Promise<unknown>>, ms: number): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const isSettled = await Promise.race([Promise.allSettled([...work]).then(() => true), timedOut]);
  clearTimeout(timer);
  return isSettled;
}

/** Waits until sockets that were told to close have closed, so that their peers receive the code. */
export async function closedWithin(
  sockets: Iterable<{ readonly isClosing: boolean; readonly gone: Promise<void> }>,
  ms: number,
): Promise<void> {
  await settledWithin([...sockets].filter(({ isClosing }) => isClosing).map(({ gone }) => gone), ms);
}

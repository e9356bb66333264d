/** Whether long work leaves turns of the event loop to others. */

/** Runs work, and returns how much a count grew at most between two turns of the event loop that others had. */
export async function mostBetweenTurns(work: () => Promise<unknown>, count: () => number): Promise<number> {
  let [most, before, isDone] = [0, count(), false];
  const look = () => {
    most = Math.max(most, count() - before);
    before = count();
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  try {
    await work();
  } finally {
    isDone = true;
  }
  return Math.max(most, count() - before);
}

/** How often the event loop turns before a promise is settled. */
export async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let isSettled = false;
  void promise.then(() => isSettled = true, () => isSettled = true);
  let turns = 0;
  while (!isSettled) {
    await new Promise((resolve) => setTimeout(resolve));
    turns++;
  }
  return turns;
}

/** When what waits for its caller or for a person is over. Times are wall milliseconds. */

/** How long something lives. */
export interface Lifetime {
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A clock that was set back further than this ends what waits: nobody knows any more how old it is. */
export const CLOCK_TOLERANCE_MS = 5_000;

/** Whether its time is over. */
export function isOver({ createdAt, expiresAt }: Lifetime, now: number): boolean {
  return now >= expiresAt || now < createdAt - CLOCK_TOLERANCE_MS;
}

/** When previews and questions expire. Times are wall clock milliseconds. */

/** The lifetime of a preview or question. */
export interface Lifetime {
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A clock that was set back further than this ends everything that waits, as its age is then unknown. */
export const CLOCK_TOLERANCE_MS = 5_000;

/** Tells whether it has expired. */
export function isOver({ createdAt, expiresAt }: Lifetime, now: number): boolean {
  return now >= expiresAt || now < createdAt - CLOCK_TOLERANCE_MS;
}

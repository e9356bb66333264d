/** One UTC day, in milliseconds. */
export const DAY_MS = 86_400_000;

/** The start of the UTC day of a time. */
export function startOfDay(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

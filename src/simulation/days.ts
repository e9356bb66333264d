/** One day, UTC. */
export const DAY_MS = 86_400_000;

/** The start of the day in which a moment lies. */
export function startOfDay(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** Durations as people say them. */

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000]] as const;

/** A duration in its largest whole unit, such as `12 min`; below a minute in seconds, never less than 0. */
export function formatAge(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  return `${Math.max(0, Math.round(ms / 1_000))} s`;
}

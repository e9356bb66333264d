/** Times and durations for people. */

const UNITS = [["day", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;

/** An ISO 8601 time, as tools and commands write it. */
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Tells whether a value is a time as tools write it. */
export function isMoment(value: unknown): value is string {
  return typeof value === "string" && ISO_MOMENT.test(value);
}

/** A duration in its largest whole unit, such as `12 min` or `3 d`; at least `0 s`. */
export function formatAge(ms: number): string {
  const { count, unit } = inLargestUnit(ms) ?? { count: 0, unit: "s" };
  return `${count} ${unit === "day" ? "d" : unit}`;
}

/** A time relative to `now`, in its largest whole unit: `3 min ago`, `in 90 days`, `now`. Both in milliseconds. */
export function relativeTime(at: number, now: number): string {
  const distance = inLargestUnit(Math.abs(at - now));
  if (distance === undefined) return "now";
  const { count, unit } = distance;
  const words = `${count} ${unit === "day" && count > 1 ? "days" : unit}`;
  return at > now ? `in ${words}` : `${words} ago`;
}

function inLargestUnit(ms: number): { count: number; unit: string } | undefined {
  for (const [unit, size] of UNITS) if (ms >= size) return { count: Math.floor(ms / size), unit };
  return undefined;
}

/** A time in UTC, to the second: `2026-11-22 10:07:31Z`. */
export function shortTime(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 19)}Z`;
}

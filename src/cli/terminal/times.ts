/** Moments as people read them on a terminal. */

const UNITS = [["day", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;

/** An ISO 8601 moment, as tools and commands write it. */
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Whether a value is a moment in the form that tools answer. */
export function isMoment(value: unknown): value is string {
  return typeof value === "string" && ISO_MOMENT.test(value);
}

/** A moment as seen from `now`, in its largest whole unit: `3 min ago`, `in 90 days`, `now`. Both in milliseconds. */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(at - now);
  const [unit, size] = UNITS.find(([, size]) => distance >= size) ?? ["now", 1];
  if (unit === "now") return unit;
  const count = Math.floor(distance / size);
  const words = `${count} ${unit === "day" && count > 1 ? "days" : unit}`;
  return at > now ? `in ${words}` : `${words} ago`;
}

/** The moment in UTC to the second: `2026-11-22 10:07:31Z`. */
export function shortTime(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 19)}Z`;
}

/**
 * A time of day for people: in this machine's time zone, followed by UTC where they differ: `16:32:57 (14:32:57 UTC)`,
 * or `14:32:57 UTC`.
 *
 * @param timeZone an IANA name; this machine's by default
 */
export function clockTime(at: number, timeZone?: string): string {
  const utc = `${timeIn(at, "UTC")} UTC`;
  const local = timeIn(at, timeZone);
  return utc.startsWith(local) ? utc : `${local} (${utc})`;
}

function timeIn(at: number, timeZone: string | undefined): string {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat("en-GB", timeZone === undefined ? options : { ...options, timeZone }).format(at);
}

/**
 * How long Redis has remembered its data: a key that every server knows, so that each notices when all data was lost.
 * The use of limits is then unknown, and they count as used up at that moment, so that a loss never raises a limit.
 */

/** The key: milliseconds since the Unix epoch, 0 if nothing was ever lost; a space; a unique name. */
export const BEGINNING_KEY = "beginning";

/**
 * Lua code that sets `beginning` and `now`, in milliseconds. It takes the key, the beginning as this server knows it
 * (empty for a new server), and a new name. A new server accepts what it finds, or creates it.
 */
export function findBeginning(key: string, known: string, fresh: string): string {
  return `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local beginning = redis.call('GET', ${key})
if not beginning or (${known} ~= '' and beginning ~= ${known} and beginning:sub(1, 2) == '0 ') then
  beginning = (${known} == '' and '0' or string.format('%.3f', now)) .. ' ' .. ${fresh}
  redis.call('SET', ${key}, beginning)
end
`;
}

/** One server's knowledge of it. */
export class Beginning {
  /** The value last seen. */
  known = "";

  /** Two arguments for scripts that need it. */
  get args(): [known: string, fresh: string] {
    return [this.known, crypto.randomUUID()];
  }
}

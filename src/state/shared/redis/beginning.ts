/**
 * Since when Redis remembers: a key that every server knows, so that each notices when all was lost. What limits had been
 * used up nobody knows then, and they count as used up from that moment, so that no loss opens one.
 */

/** The key: milliseconds since the Unix epoch, 0 where nothing was ever lost; a space; a name that never comes again. */
export const BEGINNING_KEY = "beginning";

/**
 * Lines of Lua that find `beginning` and `now`, in milliseconds. They take the key, the beginning as this server knows it
 * (empty where it is new), and a new name. A server that is new believes what it finds, or begins.
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

/** What one server knows of it. */
export class Beginning {
  /** As it was seen last. */
  known = "";

  /** The two arguments of scripts that look for it. */
  get args(): [known: string, fresh: string] {
    return [this.known, crypto.randomUUID()];
  }
}

/**
 * Draws from a limit that several servers share: the generic cell rate algorithm (GCRA), atomically and by Redis's own
 * clock.
 *
 * The state of a limit is one number: the time at which it will be full again.
 */

import { findBeginning } from "./beginning.ts";
import { scriptOf } from "./script.ts";

/**
 * Keys: limit, beginning. Arguments: milliseconds per token, size, wanted, reserve, returned (negative: used),
 * beginning as known, a new name. Returns: granted, milliseconds to wait, available, beginning.
 */
export const DRAW = scriptOf(`
${findBeginning("KEYS[2]", "ARGV[6]", "ARGV[7]")}
local interval, size = tonumber(ARGV[1]), tonumber(ARGV[2])
local want, reserve, give_back = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local since = tonumber(beginning:match('^(%S+)'))
local full = tonumber(redis.call('GET', KEYS[1]))
full = full and full - give_back * interval or since + (size - math.min(0, give_back)) * interval
full = math.max(now, full)
local available = size - (full - now) / interval
local granted = math.max(0, math.min(want, math.floor(available - reserve + 0.000001)))
if granted > 0 or give_back ~= 0 then
  full = full + granted * interval
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now) + 1000)
end
local wait = granted > 0 and 0 or math.max(1, math.ceil((reserve + 1 - available) * interval))
return { granted, wait, tostring(available - granted), beginning }
`);

/**
 * What is said to Redis of sessions that can be resumed, each as one step. A session is a hash under the digest of its token.
 * Two sets hold such digests by the time at which each was connected last: one for its identity, one for all.
 */

import { MAX_RESUMABLE, MAX_RESUMABLE_OF_ONE } from "../../../session/resumption_store.ts";
import { scriptOf } from "./script.ts";

/** How long what happened to sessions is told to other servers, in milliseconds. */
const NEWS_KEPT_MS = 60_000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Tells the other servers; `key` and `text` are expressions of Lua. */
function tell(key: string, text: string): string {
  return `
redis.call('ZADD', ${key}, now, ${text})
redis.call('ZREMRANGEBYSCORE', ${key}, '-inf', now - ${NEWS_KEPT_MS})
redis.call('PEXPIRE', ${key}, ${NEWS_KEPT_MS})
`;
}

/** Makes room in a set of digests. Takes expressions of Lua. */
function makeRoom(set: string, most: number): string {
  return `
redis.call('ZREMRANGEBYSCORE', ${set}, '-inf', now - ARGV[6])
if redis.call('ZCARD', ${set}) >= ${most} then
  for _, oldest in ipairs(redis.call('ZRANGEBYSCORE', ${set}, '-inf', '+inf', 'LIMIT', 0, 1)) do
    redis.call('DEL', ARGV[5] .. oldest)
    redis.call('ZREM', ${set}, oldest)
  end
end
`;
}

/** Keys: session, those of its identity, all. Arguments: digest, id, identity, subscriptions, what keys begin with, for how long. */
export const KEEP = scriptOf(`
${NOW}
${makeRoom("KEYS[2]", MAX_RESUMABLE_OF_ONE)}
${makeRoom("KEYS[3]", MAX_RESUMABLE)}
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'identity', ARGV[3], 'subscriptions', ARGV[4], 'own', KEYS[2], 'since', now)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
return 1
`);

/** Keys: session. Arguments: subscriptions. */
export const UPDATE = scriptOf(`
if redis.call('HGET', KEYS[1], 'id') then redis.call('HSET', KEYS[1], 'subscriptions', ARGV[1]) end
`);

/** Keys: all. Arguments: what keys begin with, for how long, digests. */
export const TOUCH = scriptOf(`
${NOW}
for at = 3, #ARGV do
  local own = redis.call('HGET', ARGV[1] .. ARGV[at], 'own')
  if own then
    redis.call('PEXPIRE', ARGV[1] .. ARGV[at], ARGV[2])
    redis.call('ZADD', own, now, ARGV[at])
    redis.call('PEXPIRE', own, ARGV[2])
    redis.call('ZADD', KEYS[1], now, ARGV[at])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
end
`);

/**
 * Keys: session, those of its identity, all, news. Arguments: digest, identity, server, what marks of ended sessions begin
 * with. Answers id and subscriptions; or nothing.
 */
export const TAKE = scriptOf(`
${NOW}
local found = redis.call('HMGET', KEYS[1], 'identity', 'id', 'subscriptions', 'since')
if found[1] ~= ARGV[2] then return false end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if redis.call('GET', ARGV[4] .. 'id:' .. found[2]) then return false end
local ended = redis.call('GET', ARGV[4] .. 'identity:' .. ARGV[2])
if ended and tonumber(ended) >= tonumber(found[4]) then return false end
${tell("KEYS[4]", "'taken:' .. ARGV[3] .. ':' .. ARGV[1]")}
return { found[2], found[3] }
`);

/** Keys: session, all. Arguments: digest. */
export const REMOVE = scriptOf(`
local own = redis.call('HGET', KEYS[1], 'own')
if own then redis.call('ZREM', own, ARGV[1]) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
`);

/** Keys: mark, news. Arguments: target, how long a session may be kept, server. */
export const END = scriptOf(`
${NOW}
redis.call('SET', KEYS[1], tostring(now), 'PX', ARGV[2])
${tell("KEYS[2]", "'ended:' .. ARGV[3] .. ':' .. ARGV[1]")}
return 1
`);

/** Keys: news. Arguments: since when. Answers now, then what happened. */
export const NEWS = scriptOf(`
${NOW}
local news = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')
table.insert(news, 1, tostring(now))
return news
`);

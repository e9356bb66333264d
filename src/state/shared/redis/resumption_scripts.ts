/**
 * The scripts for resumable sessions, each atomic. A session is a hash under the digest of its token; until its client
 * is known to have that token, the digest of the previous one points to it, as a hash with only the next digest. Two
 * sets contain such digests by the time of the last connection: one per identity, one for all.
 */

import { KEPT_MS, MAX_RESUMABLE, MAX_RESUMABLE_OF_ONE } from "../../../session/resumption_store.ts";
import { scriptOf } from "./script.ts";

/** How long other servers are told that a session was taken, in milliseconds: their entries are not kept longer. */
const TAKEN_TOLD_MS = KEPT_MS;

/** How long other servers are told that sessions were ended, in milliseconds: one may be disconnected meanwhile. */
const ENDS_TOLD_MS = 86_400_000;

/** The most such ends; newer ones make room. */
const MAX_ENDS = 10_000;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Notifies the other servers; `key` and `text` are Lua expressions. */
function tell(key: string, text: string, toldMs: number): string {
  return `
redis.call('ZADD', ${key}, now, ${text})
redis.call('ZREMRANGEBYSCORE', ${key}, '-inf', now - ${toldMs})
redis.call('PEXPIRE', ${key}, ${toldMs})
`;
}

/** Makes room in a set of digests. Takes Lua expressions. */
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

/**
 * Keys: session, the identity's set, the set of all. Arguments: digest, id, the identity's digest, subscriptions, key
 * prefix, lifetime.
 */
export const KEEP = scriptOf(`
${NOW}
${makeRoom("KEYS[2]", MAX_RESUMABLE_OF_ONE)}
${makeRoom("KEYS[3]", MAX_RESUMABLE)}
redis.call('DEL', KEYS[1])
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

/** Keys: the set of all. Arguments: key prefix, lifetime, digests. */
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
 * Keys: session, the identity's set, the set of all, news. Arguments: digest, the identity's, server, prefix of end
 * marks, next digest, key prefix, lifetime. Returns id, subscriptions and the digest that it was stored under; or
 * nothing.
 */
export const TAKE = scriptOf(`
${NOW}
local digest = redis.call('HGET', KEYS[1], 'next') or ARGV[1]
local found = redis.call('HMGET', ARGV[6] .. digest, 'identity', 'id', 'subscriptions', 'since', 'before')
if found[1] ~= ARGV[2] then return false end
redis.call('DEL', KEYS[1], ARGV[6] .. digest)
if found[5] then redis.call('DEL', ARGV[6] .. found[5]) end
redis.call('ZREM', KEYS[2], digest)
redis.call('ZREM', KEYS[3], digest)
if redis.call('GET', ARGV[4] .. 'id:' .. found[2]) then return false end
local ended = redis.call('GET', ARGV[4] .. 'identity:' .. ARGV[2])
if ended and tonumber(ended) >= tonumber(found[4]) then return false end
local next = ARGV[6] .. ARGV[5]
redis.call('HSET', next, 'id', found[2], 'identity', found[1], 'subscriptions', found[3], 'own', KEYS[2], 'since', found[4],
  'before', ARGV[1])
redis.call('HSET', KEYS[1], 'next', ARGV[5])
redis.call('ZADD', KEYS[2], now, ARGV[5])
redis.call('ZADD', KEYS[3], now, ARGV[5])
for _, key in ipairs({ next, KEYS[1], KEYS[2], KEYS[3] }) do redis.call('PEXPIRE', key, ARGV[7]) end
${tell("KEYS[4]", "ARGV[3] .. ':' .. digest", TAKEN_TOLD_MS)}
return { found[2], found[3], digest }
`);

/** Keys: session. Arguments: key prefix. */
export const CONFIRM = scriptOf(`
local before = redis.call('HGET', KEYS[1], 'before')
if before then redis.call('DEL', ARGV[1] .. before) end
redis.call('HDEL', KEYS[1], 'before')
`);

/** Keys: session, the set of all. Arguments: digest. */
export const REMOVE = scriptOf(`
local own = redis.call('HGET', KEYS[1], 'own')
if own then redis.call('ZREM', own, ARGV[1]) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
`);

/** Keys: mark, ends. Arguments: target, longest lifetime of a session, server, how long ago. */
export const END = scriptOf(`
${NOW}
local at = now - ARGV[4]
local known = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], tostring(known and math.max(at, tonumber(known) or at) or at), 'PX', ARGV[2])
if redis.call('ZCARD', KEYS[2]) >= ${MAX_ENDS} then
  for _, oldest in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '+inf', 'LIMIT', 0, 1)) do
    redis.call('ZREM', KEYS[2], oldest)
  end
end
${tell("KEYS[2]", "ARGV[3] .. ':' .. at .. ':' .. ARGV[1]", ENDS_TOLD_MS)}
return 1
`);

/**
 * Keys: taken sessions, ends. Arguments: since when, empty when nothing is known yet; how long this server has been
 * running. Returns the time, taken sessions, ended sessions.
 */
export const NEWS = scriptOf(`
${NOW}
local since = ARGV[1] ~= '' and ARGV[1] or now - ARGV[2]
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], since, '+inf')
return { tostring(now), taken, redis.call('ZRANGEBYSCORE', KEYS[2], since, '+inf') }
`);

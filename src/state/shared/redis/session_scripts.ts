/**
 * The scripts for sessions and their streams, each atomic.
 *
 * A session is a hash, a stream of it a hash with its owner and a list of its events, each a number, a space and the
 * text. Only its owner, a server, appends to a stream: a server that takes over a stream owns it from then on.
 */

import { MAX_KEPT_EVENTS } from "../../../session/event_log.ts";
import { scriptOf } from "./script.ts";

/** How long a completed stream can still be read, in milliseconds. */
const ENDED_KEPT_MS = 120_000;

/** How long a change of a session is reported to other servers, in milliseconds. */
const CHANGE_KEPT_MS = 60_000;

/** Streams of one session that end with it; further ones only expire. */
const MAX_STREAMS = 256;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const NOTE_CHANGE = `
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ${CHANGE_KEPT_MS})
redis.call('PEXPIRE', KEYS[2], ${CHANGE_KEPT_MS})
`;

/**
 * Keys: session, changes. Arguments: digest, lifetime in milliseconds, the identity's digest, opening, subscriptions.
 */
export const SAVE = scriptOf(`
${NOW}
local before = redis.call('HGET', KEYS[1], 'subscriptions')
redis.call('HSET', KEYS[1], 'identity', ARGV[3], 'opening', ARGV[4], 'subscriptions', ARGV[5])
redis.call('HSETNX', KEYS[1], 'since', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
if before and before ~= ARGV[5] then
${NOTE_CHANGE}
end
`);

/**
 * Keys: session, end marks of the session and of its identity. Arguments: the identity's digest, lifetime in
 * milliseconds. Returns opening, subscriptions, times; or nothing.
 */
export const TAKE = scriptOf(`
local found = redis.call('HMGET', KEYS[1], 'identity', 'opening', 'subscriptions', 'since')
if found[1] ~= ARGV[1] or redis.call('GET', KEYS[2]) then return false end
local ended = redis.call('GET', KEYS[3])
if ended and tonumber(ended) >= tonumber(found[4] or '0') then return false end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { found[2], found[3], redis.call('HINCRBY', KEYS[1], 'times', 1) }
`);

/** Keys: session, changes, names of streams. Arguments: digest, key prefixes of its streams and their events. */
export const REMOVE = scriptOf(`
${NOW}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  redis.call('DEL', ARGV[2] .. name, ARGV[3] .. name)
end
if redis.call('DEL', KEYS[1], KEYS[3]) > 0 then
${NOTE_CHANGE}
end
`);

/**
 * Keys: changes. Arguments: since when. Returns the time, then the digests of sessions that were changed or removed.
 */
export const CHANGES = scriptOf(`
${NOW}
local changed = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')
table.insert(changed, 1, tostring(now))
return changed
`);

/** Keys: stream, names of streams. Arguments: server, name, request as JSON or empty, lifetime in milliseconds. */
export const BEGIN = scriptOf(`
if redis.call('SCARD', KEYS[2]) >= ${MAX_STREAMS} then redis.call('SPOP', KEYS[2]) end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
if ARGV[3] ~= '' then redis.call('HSETNX', KEYS[1], 'request', ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
`);

/** Keys: stream, events. Arguments: server, number, text, lifetime in milliseconds. */
export const APPEND = scriptOf(`
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return end
redis.call('RPUSH', KEYS[2], ARGV[2] .. ' ' .. ARGV[3])
local length = redis.call('HINCRBY', KEYS[1], 'length', #ARGV[3])
while length > ${MAX_KEPT_EVENTS} and redis.call('LLEN', KEYS[2]) > 1 do
  local oldest = redis.call('LPOP', KEYS[2])
  length = redis.call('HINCRBY', KEYS[1], 'length', oldest:find(' ') - #oldest)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
`);

/** Keys: stream, events. Arguments: server. */
export const END = scriptOf(`
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return end
redis.call('HSET', KEYS[1], 'ended', '1')
redis.call('PEXPIRE', KEYS[1], ${ENDED_KEPT_MS})
redis.call('PEXPIRE', KEYS[2], ${ENDED_KEPT_MS})
`);

/**
 * Keys: stream, events, servers. Arguments: server. Returns whether it is complete, whether another server runs it,
 * request, events.
 */
export const READ = scriptOf(`
local found = redis.call('HMGET', KEYS[1], 'owner', 'ended', 'request')
if not found[1] then return false end
local runs = found[1] ~= ARGV[1] and redis.call('ZSCORE', KEYS[3], found[1]) and '1' or ''
return { found[2] or '', runs, found[3] or '', redis.call('LRANGE', KEYS[2], 0, -1) }
`);

/** Keys: stream, events, names of streams. Arguments: server, name. */
export const REMOVE_STREAM = scriptOf(`
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SREM', KEYS[3], ARGV[2])
`);

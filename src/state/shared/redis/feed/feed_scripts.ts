/**
 * The scripts with which one server publishes a pair for all. Four keys: the lease, which names the term of the leading
 * server; the state of the book; the updates, a stream; a snapshot, from which readers begin.
 *
 * A new leader removes what the previous one left, and every write checks the lease atomically: a late write of a
 * server that lost its lease reaches nobody. Values of other types are ignored.
 */

import { scriptOf } from "../script.ts";

/** How long a leadership lasts without renewal, in milliseconds. */
export const LEASE_MS = 3_000;

/** How long updates are kept without additions, in milliseconds. */
const KEPT_MS = 60_000;

/** The most entries of one read. */
export const MAX_ENTRIES = 100;

/** The most entries that are ever kept. */
const MAX_KEPT_ENTRIES = 10_000;

/** The largest snapshot that is read, in bytes. */
const MAX_SNAPSHOT_BYTES = 16 * 1024 * 1024;

/** `micros`: Redis's time; `text_of`: a text, or nil when it is missing or of another type. */
const COMMON = `
local time = redis.call('TIME')
local micros = time[1] .. string.format('%06d', time[2])
local function text_of(...)
  local found = redis.pcall(...)
  return type(found) == 'string' and found or nil
end
`;

/** Renews the leader's keys; stops when the caller does not lead any more. Keys: lease, state, updates, snapshot. */
const LEADING = `
${COMMON}
local lease, state, updates, snapshot = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if text_of('GET', lease) ~= ARGV[1] then return { micros, 'lost' } end
local function renew()
  redis.call('PEXPIRE', lease, ${LEASE_MS})
  for _, key in ipairs({ state, updates, snapshot }) do redis.call('PEXPIRE', key, ${KEPT_MS}) end
end
`;

/**
 * Reads the pairs that this server does not lead, and takes the lead of those without a leader.
 *
 * Keys: those of each pair. Arguments: server; for each pair whether this server may lead ("1"), the edition of the
 * book that it follows, the last entry that it read. Returns: time in microseconds, and for each pair: `lead` with the
 * term; `follow` with edition (empty when there is no book), time of the book, entries; or `none`. Then "1" when the
 * lease was not written by our servers.
 */
export const TURN = scriptOf(`
${COMMON}
local server = ARGV[1]
local answers = { micros }
for place = 1, #KEYS / 4 do
  local lease, state, updates, snapshot = unpack(KEYS, 4 * place - 3, 4 * place)
  local may, edition, last = unpack(ARGV, 3 * place - 1, 3 * place + 1)
  local term, left = text_of('GET', lease), redis.call('PTTL', lease)
  local foreign = left ~= -2 and not (term and term:match('^%d+ %x+$') and left >= 0 and left <= ${LEASE_MS})
  if foreign then term = nil end
  local answer
  if not term and may == '1' then
    term = micros .. ' ' .. server
    redis.call('SET', lease, term, 'PX', ${LEASE_MS})
    redis.call('DEL', state, updates, snapshot)
    answer = { 'lead', term, '', {} }
  elseif term and term:match('%x+$') == server and may == '1' then
    answer = { 'lead', term, '', {} }
  elseif not term or term:match('%x+$') == server then
    answer = { 'none', '', '', {} }
  else
    local known = redis.pcall('HMGET', state, 'edition', 'as_of')
    if known.err then known = {} end
    local entries = {}
    if edition ~= '' and known[1] == edition then
      entries = redis.pcall('XRANGE', updates, '(' .. last, '+', 'COUNT', ${MAX_ENTRIES})
      if entries.err then entries = {} end
    end
    answer = { 'follow', known[1] or '', known[2] or '', entries }
  end
  answer[5] = foreign and '1' or ''
  answers[place + 1] = answer
end
return answers
`);

/**
 * Renews the lead, and appends updates. Arguments: term, edition (empty when there is no book), time of the book (empty
 * for unchanged), updates. Returns: time in microseconds, and `lost` when another server has the lease; `begin` when a
 * new edition is required, without which there is no book; otherwise `ok`, the name of the entry, and "1" when a new
 * snapshot is wanted.
 */
export const PUBLISH = scriptOf(`
${LEADING}
if text_of('HGET', state, 'edition') ~= ARGV[2] then
  redis.call('DEL', state, updates, snapshot)
  renew()
  return { micros, 'begin' }
end
local id = ''
if #ARGV > 3 then
  local fields = {}
  for place = 4, #ARGV do
    fields[#fields + 1] = 'update'
    fields[#fields + 1] = ARGV[place]
  end
  id = redis.pcall('XADD', updates, 'MAXLEN', '~', ${MAX_KEPT_ENTRIES}, '*', 'edition', ARGV[2], unpack(fields))
  if type(id) == 'table' then
    if not id.err:find('WRONGTYPE') then return redis.error_reply(id.err) end
    return { micros, 'begin' }
  end
end
if ARGV[3] ~= '' then redis.call('HSET', state, 'as_of', ARGV[3]) end
renew()
local wanted = redis.call('EXISTS', snapshot) == 0 or redis.call('HGET', state, 'wanted')
return { micros, 'ok', id, wanted and '1' or '' }
`);

/**
 * Writes a snapshot. Arguments: term, edition, time of the book, the entry after which readers continue, the snapshot,
 * and the oldest entry to keep (empty: the edition is new, and everything before it is removed). Returns the same as
 * `PUBLISH`.
 */
export const WRITE_SNAPSHOT = scriptOf(`
${LEADING}
if ARGV[6] == '' then
  redis.call('DEL', state, updates, snapshot)
else
  if text_of('HGET', state, 'edition') ~= ARGV[2] then return { micros, 'begin' } end
  redis.pcall('XTRIM', updates, 'MINID', ARGV[6])
  redis.call('DEL', snapshot)
end
redis.call('HSET', snapshot, 'edition', ARGV[2], 'anchor', ARGV[4], 'text', ARGV[5])
redis.call('HSET', state, 'edition', ARGV[2], 'as_of', ARGV[3])
redis.call('HDEL', state, 'wanted')
renew()
return { micros, 'ok', '', '' }
`);

/**
 * Reads the snapshot of a pair. Keys: state, snapshot. Arguments: "1" when the previous ones were unusable. Returns:
 * edition, the entry after which to continue, the snapshot; empty when there is none.
 */
export const JOIN = scriptOf(`
${COMMON}
local edition = text_of('HGET', KEYS[1], 'edition')
if edition and ARGV[1] == '1' then redis.call('HSET', KEYS[1], 'wanted', '1') end
local size = redis.pcall('HSTRLEN', KEYS[2], 'text')
if type(size) ~= 'number' or size == 0 or size > ${MAX_SNAPSHOT_BYTES} then return { '', '', '' } end
local found = redis.call('HMGET', KEYS[2], 'edition', 'anchor', 'text')
if found[1] ~= edition then return { '', '', '' } end
return found
`);

/** Keys: lease. Arguments: term. */
export const RELEASE = scriptOf(`
${COMMON}
if text_of('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`);

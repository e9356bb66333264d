/**
 * What servers write about a pair that one of them reads for all. Four keys: the lease, which names the term of the server
 * that leads; the state of the book; the updates, a stream; a snapshot, from which readers begin.
 *
 * A new leader removes what the one before it left, and every writing checks the lease in the same step: what a server
 * writes that has lost its lease, however late, reaches nobody. Nothing of another kind is read, whoever put it there.
 */

import { scriptOf } from "../script.ts";

/** For how long a server leads without saying that it goes on, in milliseconds. */
export const LEASE_MS = 3_000;

/** Updates that nobody adds to are forgotten, in milliseconds. */
const KEPT_MS = 60_000;

/** Entries that are read at a time. */
export const MAX_ENTRIES = 100;

/** More are never kept, whatever snapshots do. */
const MAX_KEPT_ENTRIES = 10_000;

/** The largest snapshot that is read, in bytes. */
const MAX_SNAPSHOT_BYTES = 16 * 1024 * 1024;

/** `micros`: Redis' time; `text_of`: a text, or nil where there is none or something else. */
const COMMON = `
local time = redis.call('TIME')
local micros = time[1] .. string.format('%06d', time[2])
local function text_of(...)
  local found = redis.pcall(...)
  return type(found) == 'string' and found or nil
end
`;

/** Renews what the leader of a pair has; nothing of it for whoever leads no more. Keys: lease, state, updates, snapshot. */
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
 * Looks after pairs that this server does not lead, and leads those that nobody does.
 *
 * Keys: those of each pair. Arguments: server; for each pair whether this server may lead ("1"), the edition of the book
 * that it follows, the entry that it read last. Answers: time in microseconds, and for each pair what is the case: `lead`
 * with the term; `follow` with edition (empty where there is no book), as of when, entries; or `none`. Then "1" where the lease
 * was no server's of ours.
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
 * Goes on leading, and adds updates. Arguments: term, edition (empty where there is no book), as of when (empty for as
 * before), updates. Answers: time in microseconds, and `lost` where the lease is another's; `begin` where an edition must be
 * begun, and nobody has a book until then; or else `ok`, the name of the entry, and "1" where a new snapshot is wanted.
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
 * Writes a snapshot. Arguments: term, edition, as of when, the entry from which readers go on, the snapshot, and before
 * which entry nobody needs any (empty: the edition is a new one, and all before it is removed). Answers as `PUBLISH`.
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
 * Reads the snapshot of a pair. Keys: state, snapshot. Arguments: "1" where those before were of no use. Answers: edition,
 * the entry from which to go on, the snapshot; empty where there is none.
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

// What runs inside Redis: append, read, heads and drop, each one atomic step. A channel has a hash `m` (epoch e, head s and t,
// age a, life l, prolonged x, looked through z) and a stream `s` whose ids are `offset-tag`, so that the tag needs no room of its own.

import { createHash } from "node:crypto";

export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
}

/**
 * `load` gives a channel's state and makes it when absent. The stream decides over the hash: a run that ended between the two
 * leaves an entry ahead of the head, and XADD alone would accept another one at the same offset behind it.
 */
const common = `
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local function num(value) return string.format('%.0f', value) end
local function split(id)
  local offset, tag = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(offset), tag
end
local function touch(m, s, log)
  local life = math.max(log.idle, 2 * log.age)
  if life == log.life and now - log.touched < life / 8 then return end
  redis.call('HSET', m, 'l', num(life), 'x', num(now))
  redis.call('PEXPIRE', m, num(life))
  redis.call('PEXPIRE', s, num(life))
end
local function load(m, s, candidate, idle)
  local h = redis.call('HMGET', m, 'e', 's', 't', 'a', 'l', 'x', 'z')
  local log = { e = h[1], o = tonumber(h[2] or 0), t = h[3] or '1', age = tonumber(h[4] or 0), idle = tonumber(idle),
    life = tonumber(h[5] or 0), touched = tonumber(h[6] or 0), looked = tonumber(h[7] or 0) }
  if not log.e then
    redis.call('DEL', s)
    log.e = candidate
    redis.call('HSET', m, 'e', candidate, 's', '0', 't', '1')
    touch(m, s, log)
    return log
  end
  log.ahead = redis.call('XREVRANGE', s, '+', num(log.o + 1), 'COUNT', 1)[1]
  if log.ahead then log.o, log.t = split(log.ahead[1]) end
  return log
end
local function hide(s, log)
  if log.age == 0 then return end
  local first = redis.call('XRANGE', s, '-', '+', 'COUNT', 1)[1]
  local cut = now - log.age
  if not first or tonumber(first[2][4]) >= cut then return end
  local old, young = split(first[1]), log.o + 1
  while young - old > 1 do
    local middle = math.floor((old + young) / 2)
    local at = redis.call('XRANGE', s, num(middle), num(middle), 'COUNT', 1)[1]
    if at and tonumber(at[2][4]) < cut then old = middle else young = middle end
  end
  redis.call('XTRIM', s, 'MINID', '=', num(young))
end
`;

/**
 * KEYS m s record topic · ARGV tag candidate isProducer n prev hash windowMs expectEpoch expectOffset expectTag keep ageMs id head data
 * publish idleMs. Answers `n`ew, `d`up, `c`onflict (each with epoch, offset, tag), `o`ut of order, id `r`eused.
 */
const appendSource = `${common}
local m, s, record, topic = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local tag, candidate, isProducer, n, prev, hash, window = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
local keep, age, id, head, data = ARGV[11], tonumber(ARGV[12]), ARGV[13], ARGV[14], ARGV[15]
local log = load(m, s, candidate, ARGV[17])
local function remember(offset, t)
  redis.call('SET', record, table.concat({ log.e, num(n), offset, t, hash }, ' '), 'PX', window)
end
if log.ahead then
  redis.call('HSET', m, 's', num(log.o), 't', log.t)
  if log.ahead[2][6] == id then
    remember(num(log.o), log.t)
    return { 'd', log.e, num(log.o), log.t }
  end
end
local last = 0
local known = redis.call('GET', record)
if known then
  local e, lastN, offset, t, h = string.match(known, '^(%S+) (%d+) (%d+) (%d+) (.*)$')
  if e == log.e then
    last = tonumber(lastN)
    if n == last and h ~= hash then return { 'r' } end
    if n <= last then return { 'd', log.e, offset, t } end
  end
end
if isProducer == '1' and prev > last then return { 'o' } end
if ARGV[8] ~= '' and (ARGV[8] ~= log.e or tonumber(ARGV[9]) ~= log.o or ARGV[10] ~= log.t) then
  return { 'c', log.e, num(log.o), log.t }
end
local offset = num(log.o + 1)
redis.call('XADD', s, 'MAXLEN', '=', keep, offset .. '-' .. tag, 'p', log.t, 'c', num(now), 'i', id, 'h', head, 'd', data)
redis.call('HSET', m, 's', offset, 't', tag, 'a', num(age))
remember(offset, tag)
local isFirst = log.o == 0
log.o, log.age = log.o + 1, age
if isFirst then log.life = 0 end
touch(m, s, log)
if now >= log.looked then
  hide(s, log)
  redis.call('HSET', m, 'z', num(now + math.max(1000, age / 64)))
end
redis.call(ARGV[16], topic, table.concat({ log.e, offset, tag, log.t, num(now), #id, #head }, ' ') .. '\\n' .. id .. head .. data)
return { 'n', log.e, offset, tag }
`;

/**
 * KEYS m s · ARGV candidate mode epoch offset tag limit bytes idleMs, mode `after`, `before` or `last`. Answers epoch, head's offset and
 * tag, floor's offset and tag, proof, more (0 or 1), entries in the order they were looked at: backwards unless `after`.
 */
const readSource = `${common}
local m, s = KEYS[1], KEYS[2]
local mode, epoch, at, tag, limit, bytes = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local log = load(m, s, ARGV[1], ARGV[8])
hide(s, log)
local first = redis.call('XRANGE', s, '-', '+', 'COUNT', 1)[1]
local floor, floorTag = log.o, log.t
if first then floor, floorTag = split(first[1]) - 1, first[2][2] end
local function answer(proof, more, entries)
  return { log.e, num(log.o), log.t, num(floor), floorTag, proof, more and 1 or 0, entries }
end
local function prove()
  if epoch ~= log.e or at > log.o then return 'diverged' end
  if at == log.o and tag == log.t then return 'linked' end
  if at == floor and tag == floorTag then return 'linked' end
  if at < floor then return 'trimmed' end
  local there = redis.call('XRANGE', s, num(at), num(at), 'COUNT', 1)[1]
  if there then
    local _, thereTag = split(there[1])
    if thereTag == tag then return 'linked' end
  end
  return 'diverged'
end
local entries, size = {}, 0
local function take(list)
  for _, entry in ipairs(list) do
    size = size + #entry[2][10]
    if #entries == limit or (#entries > 0 and size > bytes) then return false end
    entries[#entries + 1] = entry
  end
  return #list > 0
end
local chunk = 32
if mode == 'after' then
  local proof = prove()
  if proof ~= 'linked' then return answer(proof, false, {}) end
  local from = at + 1
  while take(redis.call('XRANGE', s, num(from), '+', 'COUNT', chunk)) do from = from + chunk end
  return answer('linked', at + #entries < log.o, entries)
end
local to = log.o
if mode == 'before' then
  local proof = prove()
  if proof == 'diverged' then return answer(proof, false, {}) end
  if at <= floor then return answer(proof, false, {}) end
  to = at
end
while to > floor and take(redis.call('XREVRANGE', s, num(to), '-', 'COUNT', chunk)) do to = to - chunk end
local top = mode == 'before' and at or log.o
return answer('linked', top - #entries > floor, entries)
`;

/** KEYS m s of each channel · ARGV idleMs, then a candidate for each. Answers epoch, offset, tag of each. */
const headsSource = `${common}
local found = {}
for index = 1, #KEYS, 2 do
  local log = load(KEYS[index], KEYS[index + 1], ARGV[(index + 1) / 2 + 1], ARGV[1])
  touch(KEYS[index], KEYS[index + 1], log)
  found[#found + 1] = log.e
  found[#found + 1] = num(log.o)
  found[#found + 1] = log.t
end
return found
`;

/** KEYS m s topic · ARGV publish. Records of the old epoch are ignored from now on, and expire by themselves. */
const dropSource = `
redis.call('DEL', KEYS[1], KEYS[2])
redis.call(ARGV[1], KEYS[3], 'dropped')
return 1
`;

const script = (name: string, source: string): Script => ({
  name,
  source,
  sha: createHash("sha1").update(source).digest("hex"),
});

export const scripts = {
  append: script("append", appendSource),
  read: script("read", readSource),
  heads: script("heads", headsSource),
  drop: script("drop", dropSource),
} as const;

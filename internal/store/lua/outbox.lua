#!lua flags=no-writes
-- Read outbox entries in order.
-- KEYS[1] meta. ARGV: lineage, ordinal after which to begin, maximum number of entries.
-- Reply: {'absent'} | {'fenced'} when the state goes on in another lineage | {'ok', ordinal of the first entry read, entries}.
local have = redis.call('HMGET', KEYS[1], 'space', 'head', 'pos')
if not have[1] then
  return {'absent'}
end
if string.match(have[3], '^%d+') ~= ARGV[1] then
  return {'fenced'}
end
-- Ordinals count from 1: doubles hold them exactly.
local head = tonumber(have[2])
local skip = math.max(0, tonumber(ARGV[2]) + 1 - head)
local entries = redis.call('LRANGE', string.sub(KEYS[1], 1, -5) .. 'out:' .. have[1], skip, skip + tonumber(ARGV[3]) - 1)
return {'ok', head + skip, entries}

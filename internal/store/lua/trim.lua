#!lua flags=allow-oom
-- Forget outbox entries that Kafka has acknowledged: those with an ordinal up to the given one.
-- KEYS[1] meta. ARGV: lineage, ordinal.
-- Reply: {'absent'} | {'fenced'} when the state goes on in another lineage | {'frozen'} | {'ok', outbox length}.
local have = redis.call('HMGET', KEYS[1], 'space', 'head', 'pos')
if not have[1] then
  return {'absent'}
end
if string.match(have[3], '^%d+') ~= ARGV[1] then
  return {'fenced'}
end
local base = string.sub(KEYS[1], 1, -5)
if frozen(base) then
  return {'frozen'}
end
local outbox = base .. 'out:' .. have[1]
local waiting = redis.call('LLEN', outbox)
-- Ordinals count from 1: doubles hold them exactly. Never beyond the end: the ordinals of
-- entries to come must not be used up by an owner that has seen more than this copy of Redis has.
local n = math.min(waiting, tonumber(ARGV[2]) - tonumber(have[2]) + 1)
if n > 0 then
  redis.call('LTRIM', outbox, n, -1)
  redis.call('HINCRBY', KEYS[1], 'head', n)
  waiting = waiting - n
end
return {'ok', waiting}

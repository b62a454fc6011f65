#!lua
-- Begin a rebuild: a new lineage in a new, empty space. The keys of the old space are collected later.
-- KEYS[1] meta. ARGV: epoch, lineage, position, then field, value pairs of the meta hash.
-- Reply: {'absent'} | {'fenced'} | {'frozen'} | {'stale', position} when the lineage is not a newer one | {'ok'}.
local have = redis.call('HMGET', KEYS[1], 'pos', 'epoch', 'space')
if not have[1] then
  return {'absent'}
end
if newer(have[2], ARGV[1]) then
  return {'fenced'}
end
if have[1] == ARGV[3] and have[3] == ARGV[2] then
  return {'ok'} -- resent after a lost reply
end
if not newer(ARGV[2], string.match(have[1], '^%d+')) then
  return {'stale', have[1]}
end
if frozen(string.sub(KEYS[1], 1, -5)) then
  return {'frozen'}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
return {'ok'}

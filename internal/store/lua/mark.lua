#!lua
-- Change the state of a slot without moving its position: progress that comes from outside of the log.
-- KEYS[1] meta. ARGV: epoch, lineage, then operations as in apply.lua: word, key, n, n arguments.
-- Reply: {'absent'} | {'fenced'} when a newer owner has claimed the slot or its state goes on in another lineage | {'frozen'} | {'ok'}.
local have = redis.call('HMGET', KEYS[1], 'pos', 'epoch', 'space')
if not have[1] then
  return {'absent'}
end
-- The epoch must be the very one: after a roll-back of Redis an owner of today has a newer epoch than the stored one, and must open the slot anew.
if have[2] ~= ARGV[1] or string.match(have[1], '^%d+') ~= ARGV[2] then
  return {'fenced'}
end
local base = string.sub(KEYS[1], 1, -5)
if frozen(base) then
  return {'frozen'}
end
local data = base .. have[3] .. ':'
local i, last = 3, #ARGV
while i < last do
  local n, key = tonumber(ARGV[i + 2]), data .. ARGV[i + 1]
  if ARGV[i] == 'S' then
    redis.call('HSET', key, unpack(ARGV, i + 3, i + 2 + n))
  elseif ARGV[i] == 'D' then
    redis.call('HDEL', key, unpack(ARGV, i + 3, i + 2 + n))
  else
    redis.call('UNLINK', key)
  end
  i = i + 3 + n
end
return {'ok'}

#!lua
-- Hold a slot still for a while, so that a snapshot can be taken or restored.
-- KEYS[1] meta. ARGV: token, milliseconds.
-- Reply: {'frozen'} when another token holds it | {'ok'}.
local base = string.sub(KEYS[1], 1, -5)
if frozen(base, ARGV[1]) then
  return {'frozen'}
end
local now = redis.call('TIME')
local till = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + tonumber(ARGV[2])
redis.call('SET', base .. 'freeze', string.format('%.0f %s', till, ARGV[1]), 'PX', ARGV[2])
return {'ok'}

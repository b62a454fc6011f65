#!lua
-- Note that a source is alive, by the clock of Redis.
-- KEYS[1] heartbeat key. ARGV: milliseconds to keep it. Reply: {'ok'}.
local now = redis.call('TIME')
-- Strings only: real Redis would print a number of this size in scientific notation.
local ms = now[1] .. string.sub('000000' .. now[2], -6, -4)
redis.call('SET', KEYS[1], ms, 'PX', ARGV[1])
return {'ok'}

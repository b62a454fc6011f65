#!lua flags=allow-oom
-- Let a slot go that the token has frozen; nothing happens if another one, or none, holds it.
-- KEYS[1] meta. ARGV: token. Reply: {'ok'}.
local key = string.sub(KEYS[1], 1, -5) .. 'freeze'
local holder = redis.call('GET', key)
if holder and string.match(holder, '^%d+ (.*)$') == ARGV[1] then
  redis.call('DEL', key)
end
return {'ok'}

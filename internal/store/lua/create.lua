#!lua
-- Begin the state of a slot that has none.
-- KEYS[1] meta. ARGV: token of the caller's freeze or '', then field, value pairs of the meta hash.
-- Reply: {'exists'} | {'frozen'} while a snapshot is being restored by someone else | {'ok'}.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {'exists'}
end
if frozen(string.sub(KEYS[1], 1, -5), ARGV[1]) then
  return {'frozen'}
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return {'ok'}

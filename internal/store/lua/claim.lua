#!lua
-- Become the owner of a slot: bump its epoch.
-- KEYS[1] meta. ARGV: partitions, partitioner, schema that the caller expects.
-- Reply: {'absent'} | {'other', meta} when an expectation fails | {'ok', meta, outbox length}.
local have = redis.call('HMGET', KEYS[1], 'pos', 'space', 'partitions', 'partitioner', 'schema')
if not have[1] then
  return {'absent'}
end
local outbox = string.sub(KEYS[1], 1, -5) .. 'out:' .. have[2]
local status = 'other'
if have[3] == ARGV[1] and have[4] == ARGV[2] and have[5] == ARGV[3] then
  status = 'ok'
  redis.call('HINCRBY', KEYS[1], 'epoch', 1)
end
return {status, redis.call('HGETALL', KEYS[1]), redis.call('LLEN', outbox)}

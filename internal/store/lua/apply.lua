#!lua
-- Apply one step of the fold if, and only if, the slot stands where the step began.
-- KEYS[1] meta. ARGV: 1 from, 2 to, 3 epoch, 4 fingerprint or '', 5 log lineage or '', 6 outbox limit (0: none),
-- 7 number of outputs, the outputs, then operations: word, key, n, n arguments;
-- S sets field, value pairs; D deletes fields; U unlinks the key.
-- Reply: {status, stored position, outbox length}; only 'ok' has written anything.
local have = redis.call('HMGET', KEYS[1], 'pos', 'epoch', 'space')
local pos = have[1]
if not pos then
  return {'absent'}
end
local base = string.sub(KEYS[1], 1, -5)
local outbox = base .. 'out:' .. have[3]
local waiting = redis.call('LLEN', outbox)
if pos == ARGV[2] then
  return {'already', pos, waiting} -- resent after a lost reply, or another owner did the same work
end
if newer(have[2], ARGV[3]) then
  return {'fenced', pos, waiting}
end
if pos ~= ARGV[1] then
  return {'moved', pos, waiting}
end
if frozen(base) then
  return {'frozen', pos, waiting}
end
local limit, outs = tonumber(ARGV[6]), tonumber(ARGV[7])
if limit > 0 and outs > 0 and waiting > 0 and waiting + outs > limit then
  return {'full', pos, waiting}
end

-- All checks are done: write. Values are absolute, so that even a script cut short by a fault could run again;
-- the outbox and the position come last and together.
local data = base .. have[3] .. ':'
local i, last = 8 + outs, #ARGV
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
for first = 8, 7 + outs, 1000 do
  redis.call('RPUSH', outbox, unpack(ARGV, first, math.min(first + 999, 7 + outs)))
end
redis.call('HSET', KEYS[1], 'pos', ARGV[2], 'epoch', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'fingerprint', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'loglineage', ARGV[5]) end
return {'ok', ARGV[2], waiting + outs}

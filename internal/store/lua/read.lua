#!lua flags=no-writes
-- Read values together with the position that they belong to.
-- KEYS[1] meta. ARGV: position that the reader has seen or '', then groups: key, n, n fields (n = 0: the whole hash).
-- Reply: {'absent'} | {'same', meta, outbox length} | {'ok', meta, outbox length, one list of values for each group}.
local meta = redis.call('HGETALL', KEYS[1])
if #meta == 0 then
  return {'absent'}
end
local pos, space
for i = 1, #meta, 2 do
  if meta[i] == 'pos' then pos = meta[i + 1] end
  if meta[i] == 'space' then space = meta[i + 1] end
end
local base = string.sub(KEYS[1], 1, -5)
local reply = {'ok', meta, redis.call('LLEN', base .. 'out:' .. space)}
if pos == ARGV[1] then
  reply[1] = 'same'
  return reply
end
local data = base .. space .. ':'
local i, r = 2, 4
while i < #ARGV do
  local n = tonumber(ARGV[i + 1])
  if n == 0 then
    reply[r] = redis.call('HGETALL', data .. ARGV[i])
  else
    reply[r] = redis.call('HMGET', data .. ARGV[i], unpack(ARGV, i + 2, i + 1 + n))
  end
  i, r = i + 2 + n, r + 1
end
return reply

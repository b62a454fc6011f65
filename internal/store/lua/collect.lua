#!lua flags=allow-oom
-- Unlink those of the given keys that belong to another space than the current one; all of them if there is no state.
-- KEYS[1] meta. ARGV: token of the caller's freeze or '', then keys of the slot.
-- Reply: {'frozen'} while someone else's snapshot is being taken or restored | {'ok', number of keys unlinked}.
local base = string.sub(KEYS[1], 1, -5)
if frozen(base, ARGV[1]) then
  return {'frozen'}
end
local current = redis.call('HGET', KEYS[1], 'space')
local old = {}
for i = 2, #ARGV do
  local rest = string.sub(ARGV[i], #base + 1)
  local space = string.match(rest, '^(%d+):') or string.match(rest, '^out:(%d+)$')
  if space and space ~= current then
    old[#old + 1] = ARGV[i]
  end
end
if #old > 0 then
  redis.call('UNLINK', unpack(old))
end
return {'ok', #old}

-- Put before the body of every script.

-- newer compares decimal strings without sign or leading zeros: exact where Lua's doubles are not.
local function newer(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end

-- frozen tells whether a snapshot other than the caller's own holds the slot still. The instant is in the value, beside
-- the TTL of the key, for the embedded server does not let keys expire. Milliseconds fit a double.
local function frozen(base, token)
  local holder = redis.call('GET', base .. 'freeze')
  if not holder then return false end
  local till, owner = string.match(holder, '^(%d+) (.*)$')
  if owner == token then return false end
  local now = redis.call('TIME')
  return tonumber(till) > tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end


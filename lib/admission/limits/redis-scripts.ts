// Times are microseconds of Redis' own clock: clocks of nodes differ. As numbers they are exact until the year 2255; as text they need a format, because
// Lua writes 14 digits.

/** What all scripts begin with. */
const clock = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function text (n) return string.format('%.0f', n) end
local function keep (key, ms)
  -- Never shorter than another node with longer leases has said.
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
end
`

/**
 * KEYS: for each scope a sorted set of who holds a claim, by its end, and a list of when claims were taken, oldest first.
 * ARGV: id, leaseMs, minuteMs, placeMs, then for each scope maxParallel and perMinute, empty where there is none.
 * Answers with nothing, or the number of the scope, which limit it is, and milliseconds.
 */
export const acquireScript = `${clock}
local id, lease, minute = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local missing = {}
for i = 1, #KEYS, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', text(now))
  if not redis.call('ZSCORE', KEYS[i], id) then missing[#missing + 1] = i end
end

-- Drops what is over by one cut: a hundred thousand taken one by one would hold everybody up.
local function recent (key)
  local since = now - minute * 1000
  local count = redis.call('LLEN', key)
  local low, high = 0, count
  while low < high do
    -- The oldest alone is looked at where it is not over, which is nearly always.
    local middle = low == 0 and high == count and 0 or math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', key, middle)) <= since then low = middle + 1 else high = middle end
  end
  if low > 0 then redis.call('LTRIM', key, low, -1) end
  return count - low
end

for _, i in ipairs(missing) do
  local parallel, rate = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
  if parallel and redis.call('ZCARD', KEYS[i]) >= parallel then return { i, 1, tonumber(ARGV[4]) } end
  if rate then
    local count = recent(KEYS[i + 1])
    if rate < 1 then return { i, 2, minute } end
    if count >= rate then
      return { i, 2, math.ceil((tonumber(redis.call('LINDEX', KEYS[i + 1], count - rate)) - now) / 1000 + minute) }
    end
  end
end
for _, i in ipairs(missing) do
  redis.call('ZADD', KEYS[i], text(now + lease * 1000), id)
  keep(KEYS[i], lease)
  if ARGV[i + 5] ~= '' then
    redis.call('RPUSH', KEYS[i + 1], text(now))
    redis.call('PEXPIRE', KEYS[i + 1], minute)
  end
end
return false
`

/**
 * KEYS: the sorted sets. ARGV: leaseMs, then for each claim its id, how many scopes it has, and for each of them the number of its key and maxParallel.
 * Answers with the numbers of the claims that are over.
 */
export const renewScript = `${clock}
local lease = tonumber(ARGV[1])
local till = text(now + lease * 1000)
for _, key in ipairs(KEYS) do redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now)) end
local lost, claim, at = {}, 0, 2
while at <= #ARGV do
  local id, first, last = ARGV[at], at + 2, at + 2 * ARGV[at + 1]
  local room = true
  for i = first, last, 2 do
    local key, parallel = KEYS[tonumber(ARGV[i])], tonumber(ARGV[i + 1])
    if room and parallel and redis.call('ZCARD', key) >= parallel then room = redis.call('ZSCORE', key, id) ~= false end
  end
  for i = first, last, 2 do
    local key = KEYS[tonumber(ARGV[i])]
    if room then redis.call('ZADD', key, till, id) else redis.call('ZREM', key, id) end
  end
  if not room then lost[#lost + 1] = claim end
  claim = claim + 1
  at = last + 2
end
for _, key in ipairs(KEYS) do keep(key, lease) end
return lost
`

/** KEYS: the sorted sets. ARGV: the number of a key, and an id to take out of it, as often as need be. */
export const releaseScript = `
for i = 1, #ARGV, 2 do redis.call('ZREM', KEYS[tonumber(ARGV[i])], ARGV[i + 1]) end
return false
`

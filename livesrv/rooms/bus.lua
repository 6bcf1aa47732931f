-- Relay what one lane is told: remember and publish each room's run of events, publish pushes to
-- users, note how far the journal is relayed.
--
-- KEYS: the lane's cursor, then for each room its history, last number and channel. ARGV: the place
-- up to which the publisher knows the lane to be told, the place up to which this tells it, how many
-- events to remember, the channel of users, the message to them ('' for none), then for each room
-- the number of the first event, how many they are, the message to publish, and the events.
--
-- Answers where the lane stands now. That is before the first place, and nothing was done, when the
-- lane has lost its memory (-1) or a part of it: it must be told from there on. A run that is known
-- already is left out; one that leaves a hole starts the history anew, because a history must be
-- contiguous.
local cursor = tonumber(redis.call('GET', KEYS[1]) or '-1')
local known, upto, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if cursor < known or cursor >= upto then return cursor end

local function relay(history, last_key, channel, from, count)
  local first, message = tonumber(ARGV[from]), ARGV[from + 2]
  local last, final = tonumber(redis.call('GET', last_key) or '-1'), first + count - 1
  if final <= last then return end
  if last >= 0 and first > last + 1 then redis.call('DEL', history) end
  for i = math.max(0, last + 1 - first), count - 1 do
    redis.call('RPUSH', history, ARGV[from + 3 + i])
  end
  redis.call('LTRIM', history, -keep, -1)
  redis.call('SET', last_key, string.format('%.0f', final), 'EX', 86400)
  redis.call('EXPIRE', history, 86400)
  redis.call('SPUBLISH', channel, message)
end

local from = 6
for i = 2, #KEYS, 3 do
  local count = tonumber(ARGV[from + 1])
  relay(KEYS[i], KEYS[i + 1], KEYS[i + 2], from, count)
  from = from + 3 + count
end
if ARGV[5] ~= '' then redis.call('SPUBLISH', ARGV[4], ARGV[5]) end
redis.call('SET', KEYS[1], ARGV[2])
return upto

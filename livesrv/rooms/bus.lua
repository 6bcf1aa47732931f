-- Relay a run of a room's events: remember them, publish them once.
--
-- KEYS: history list, last number, channel, cursor. ARGV: how many events to remember, number of the first
-- event, the message to publish, then each event. A run that is known already is left out; one that
-- leaves a hole starts the history anew, because a history must be contiguous. Answers -1, and does
-- nothing, where there is no cursor: this bus has lost its memory and must be told from further back.
local history, last_key, channel, cursor = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('EXISTS', cursor) == 0 then return -1 end
local keep, first, message = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local last = tonumber(redis.call('GET', last_key) or '-1')
local final = first + #ARGV - 4
if final <= last then return 0 end
if last >= 0 and first > last + 1 then redis.call('DEL', history) end
for i = math.max(4, 4 + last + 1 - first), #ARGV do
  redis.call('RPUSH', history, ARGV[i])
end
redis.call('LTRIM', history, -keep, -1)
redis.call('SET', last_key, string.format('%.0f', final), 'EX', 86400)
redis.call('EXPIRE', history, 86400)
redis.call('PUBLISH', channel, message)
return 1

#!lua name=livesrv
-- The ledger's one atomic step: post a batch of independent entries.
--
-- For each entry, in order: a known id answers its first outcome (or `conflict` under another
-- fingerprint); a register that has moved makes it `stale`; a floor it would break makes it
-- `refused`, and stays so; otherwise it is applied, journalled and recorded.
--
-- A Lua error does not undo writes. So everything that can fail is done in `plan`, which writes
-- nothing, and `apply` only writes. Amounts are checked against 2^50, below which doubles are exact.
--
-- Keys, all in the hash slot of {ledger}:
--   {ledger}:journal          stream, id PLACE-0, fields entry, seq, at, after
--   {ledger}:balances         hash, "ACCOUNT ASSET" -> amount
--   {ledger}:rooms            hash, room -> number of its last entry
--   {ledger}:meta             hash, place, epoch
--   {ledger}:entry:ID         string, "FINGERPRINT OUTCOME"
--   {ledger}:register:NAME    string, "VERSION VALUE"
--   {ledger}:rank:RANKING     sorted set

local JOURNAL = '{ledger}:journal'
local BALANCES = '{ledger}:balances'
local ROOMS = '{ledger}:rooms'
local META = '{ledger}:meta'
local ENTRY = '{ledger}:entry:'
local REGISTER = '{ledger}:register:'
local RANK = '{ledger}:rank:'

local AMOUNT_MAX = 2 ^ 50
local SUM_MAX = 2 ^ 52
local REFUSAL_KEPT_MS = 96 * 3600 * 1000
local UNFLOORED = {--[[UNFLOORED]]}

local function amount_of(text)
  if type(text) ~= 'string' or #text > 17 or not string.match(text, '^%-?%d+$') then return nil end
  local amount = tonumber(text)
  if amount > AMOUNT_MAX or amount < -AMOUNT_MAX then return nil end
  return amount
end

local function repeated(entry)
  local record = redis.call('GET', ENTRY .. entry.id)
  if not record then return nil end
  local fingerprint, outcome = string.match(record, '^(%S+) (.*)$')
  if fingerprint ~= entry.fingerprint then return 'conflict' end
  return 'again ' .. outcome
end

local function moved(entry)
  local stale = {}
  for _, read in ipairs(entry.reads or {}) do
    local register = redis.call('GET', REGISTER .. read[1]) or '0 null'
    if tonumber(string.match(register, '^%d+')) ~= read[2] then
      stale[#stale + 1] = read[1] .. ' ' .. register
    end
  end
  if #stale > 0 then return 'stale ' .. table.concat(stale, '\n') end
end

-- The balances the legs lead to, or why they may not.
local function plan(entry)
  local sums, balances, after = {}, {}, {}
  for i, leg in ipairs(entry.legs or {}) do
    local account, asset, amount = leg[1], leg[2], amount_of(leg[3])
    local floor = amount_of(leg[4] or '0')
    if not amount or not floor then return nil, 'invalid amount in leg ' .. i end
    local name = account .. ' ' .. asset
    local balance = (balances[name] or tonumber(redis.call('HGET', BALANCES, name) or '0')) + amount
    if balance > AMOUNT_MAX or balance < -AMOUNT_MAX then return nil, 'refused range ' .. name end
    local class = string.match(account, '^[^:]*')
    if amount < 0 and balance < floor and not UNFLOORED[class] then
      return nil, 'refused floor ' .. name
    end
    balances[name] = balance
    sums[asset] = (sums[asset] or 0) + amount
    if math.abs(sums[asset]) > SUM_MAX then return nil, 'refused range ' .. name end
    after[i] = string.format('%.0f', balance)
  end
  for asset, sum in pairs(sums) do
    if sum ~= 0 then return nil, 'invalid sum of ' .. asset end
  end
  return after
end

local function record(entry, outcome)
  local key, text = ENTRY .. entry.id, entry.fingerprint .. ' ' .. outcome
  if entry.forget_at_ms then
    redis.call('SET', key, text, 'PXAT', string.format('%.0f', entry.forget_at_ms))
  else
    redis.call('SET', key, text)
  end
end

-- Forgetting a refusal doubles nothing, so it is kept long enough for every retry and no longer.
local function refuse(entry, why)
  redis.call('SET', ENTRY .. entry.id, entry.fingerprint .. ' ' .. why, 'PX', REFUSAL_KEPT_MS)
  return why
end

local function write_registers(entry)
  for _, write in ipairs(entry.writes or {}) do
    local key, forget_at_ms = REGISTER .. write[1], write[3]
    local version = tonumber(string.match(redis.call('GET', key) or '0', '^%d+')) + 1
    local text = string.format('%.0f ', version) .. write[2]
    if forget_at_ms > 0 then
      redis.call('SET', key, text, 'PXAT', string.format('%.0f', forget_at_ms))
    else
      redis.call('SET', key, text)
    end
  end
end

local function write_ranks(entry)
  for _, rank in ipairs(entry.ranks or {}) do
    local key, member, score, is_raise = RANK .. rank[1], rank[2], rank[3], rank[4]
    if is_raise then
      redis.call('ZINCRBY', key, score, member)
    elseif score == 0 then
      redis.call('ZREM', key, member)
    else
      redis.call('ZADD', key, string.format('%.0f', score), member)
    end
  end
end

local function apply(entry, raw, after, at_ms)
  for _, leg in ipairs(entry.legs or {}) do
    if leg[3] ~= '0' then redis.call('HINCRBY', BALANCES, leg[1] .. ' ' .. leg[2], leg[3]) end
  end
  write_registers(entry)
  write_ranks(entry)
  local place = redis.call('HINCRBY', META, 'place', 1)
  local seq = entry.room and redis.call('HINCRBY', ROOMS, entry.room, 1) or 0
  local balances = table.concat(after, ',')
  redis.call('XADD', JOURNAL, string.format('%.0f-0', place),
    'entry', raw, 'seq', seq, 'at', at_ms, 'after', balances)
  local outcome = string.format('posted %.0f %.0f ', place, seq) .. balances
  record(entry, outcome)
  return outcome
end

local function post_one(raw, at_ms)
  local entry = cjson.decode(raw)
  local answer = repeated(entry)
  if answer then return answer end
  if entry.refusal then
    return refuse(entry, 'refused code ' .. entry.refusal)
  end
  answer = moved(entry)
  if answer then return answer end
  local after, why = plan(entry)
  if after then return apply(entry, raw, after, at_ms) end
  if string.sub(why, 1, 7) == 'refused' then return refuse(entry, why) end
  return why
end

-- The first argument is the highest place the caller was ever told, the others are entries.
local function post(_, args)
  if tonumber(redis.call('HGET', META, 'place') or '0') < tonumber(args[1]) then
    return redis.error_reply('BEHIND this store has lost entries it had acknowledged')
  end
  local time = redis.call('TIME')
  local at_ms = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local outcomes = {}
  for i = 2, #args do outcomes[i - 1] = post_one(args[i], at_ms) end
  return outcomes
end

redis.register_function('post', post)

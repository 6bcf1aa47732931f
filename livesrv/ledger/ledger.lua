#!lua name=livesrv
-- The ledger's atomic steps. `post` takes a batch of independent entries; for each, in order:
-- a known id answers its first outcome (or `conflict` under another fingerprint); a register that
-- has moved makes it `stale`; a floor it would break makes it `refused`, and stays so; otherwise it
-- is applied, journalled and recorded. `restore` applies journal lines again, to an empty store.
-- `seal` notes how far the journal is in the archive, and `trim` forgets what is there. `halt` stops
-- money, and `resume` lets it move again.
--
-- A Lua error does not undo writes. So everything that can fail happens on `draft`, which holds what
-- this call has read and means to write, and `write_out` only writes. That is also what makes a
-- batch cheap: a balance or register that all its entries share is read once and written once.
-- Amounts are checked against 2^50, below which doubles are exact.
--
-- Keys, all in the hash slot of {ledger}:
--   {ledger}:journal          stream, id PLACE-0, fields entry, seq, at, after
--   {ledger}:balances         hash, "ACCOUNT ASSET" -> amount
--   {ledger}:rooms            hash, room -> number of its last entry
--   {ledger}:meta             hash, place, epoch, sealed, sealed_sha256, halted
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
local ARGUMENTS_MAX = 4000
local UNFLOORED = {--[[UNFLOORED]]}

local draft

local function digits(number) return string.format('%d', number) end

-- An entry without its facts, which come last and are half of it. Quotes within a JSON string are
-- escaped, so what looks like the member is the member.
local function decoded(raw)
  local facts = string.find(raw, ',"facts":{', 1, true)
  return cjson.decode(facts and string.sub(raw, 1, facts - 1) .. '}' or raw)
end

-- --- what this call has read

local function begin(at_ms)
  local meta = redis.call('HMGET', META, 'place', 'halted')
  draft = {
    at_ms = at_ms, place = tonumber(meta[1] or '0'), halted = meta[2], lines = {},
    records = {}, registers = {}, balances = {}, rooms = {}, ranks = {},
    changed = {registers = {}, balances = {}, rooms = {}, records = {}},
  }
end

local function as_register(text)
  text = text or '0 null'
  return {version = tonumber(string.match(text, '^%d+')), text = text}
end

-- Read names that nothing is known of yet, in portions that fit on Lua's stack.
local function read_all(known, names, prefix, read, parse)
  for first = 1, #names, ARGUMENTS_MAX do
    local last = math.min(first + ARGUMENTS_MAX - 1, #names)
    local keys = {}
    for i = first, last do keys[#keys + 1] = prefix .. names[i] end
    local values = read(keys)
    for i = first, last do known[names[i]] = parse(values[i - first + 1]) end
  end
end

local function note(names, known, name)
  if known[name] == nil then
    known[name] = false
    names[#names + 1] = name
  end
end

-- What a batch depends on: one command for a thousand names costs less than a thousand for one each.
local function read_ahead(entries)
  local ids, registers, balances = {}, {}, {}
  for _, entry in ipairs(entries) do
    note(ids, draft.records, entry.id)
    for _, read in ipairs(entry.reads or {}) do note(registers, draft.registers, read[1]) end
    for _, write in ipairs(entry.writes or {}) do note(registers, draft.registers, write[1]) end
    for _, leg in ipairs(entry.legs or {}) do
      leg.name = leg[1] .. ' ' .. leg[2]
      note(balances, draft.balances, leg.name)
    end
  end
  local function get(keys) return redis.call('MGET', unpack(keys)) end
  local function hget(fields) return redis.call('HMGET', BALANCES, unpack(fields)) end
  read_all(draft.records, ids, ENTRY, get, function(text) return text end)
  read_all(draft.registers, registers, REGISTER, get, as_register)
  read_all(draft.balances, balances, '', hget, function(text) return tonumber(text or '0') end)
end

local function room_seq_of(room)
  local seq = draft.rooms[room]
  if not seq then
    seq = tonumber(redis.call('HGET', ROOMS, room) or '0')
    draft.rooms[room] = seq
  end
  return seq
end

-- --- may it be posted

local function amount_of(text)
  if type(text) ~= 'string' or #text > 17 or not string.match(text, '^%-?%d+$') then return nil end
  local amount = tonumber(text)
  if amount > AMOUNT_MAX or amount < -AMOUNT_MAX then return nil end
  return amount
end

local function repeated(entry)
  local record = draft.records[entry.id]
  if not record then return nil end
  local fingerprint, outcome = string.match(record, '^(%S+) (.*)$')
  if fingerprint ~= entry.fingerprint then return 'conflict' end
  return 'again ' .. outcome
end

local function moved(entry)
  local stale = {}
  for _, read in ipairs(entry.reads or {}) do
    local register = draft.registers[read[1]]
    if register.version ~= read[2] then stale[#stale + 1] = read[1] .. ' ' .. register.text end
  end
  if #stale > 0 then return 'stale ' .. table.concat(stale, '\n') end
end

-- A floor that a leg names holds always; else 0 holds where money leaves an account of a class
-- that has a floor.
local function breaks_floor(account, amount, balance, floor)
  if floor then return balance < floor end
  return amount < 0 and balance < 0 and not UNFLOORED[string.match(account, '^[^:]*')]
end

-- The balances the legs lead to, by name, and behind each leg; or nil and why they may not.
local function plan(entry)
  local sums, balances, after = {}, {}, {}
  for i, leg in ipairs(entry.legs or {}) do
    local account, asset, amount = leg[1], leg[2], amount_of(leg[3])
    local floor
    if leg[4] ~= '' then floor = amount_of(leg[4]) end
    if not amount or (leg[4] ~= '' and not floor) then
      return nil, 'invalid amount in leg ' .. i
    end
    local name = leg.name
    local balance = (balances[name] or draft.balances[name]) + amount
    if balance > AMOUNT_MAX or balance < -AMOUNT_MAX then return nil, 'refused range ' .. name end
    if breaks_floor(account, amount, balance, floor) then return nil, 'refused floor ' .. name end
    balances[name] = balance
    sums[asset] = (sums[asset] or 0) + amount
    if math.abs(sums[asset]) > SUM_MAX then return nil, 'refused range ' .. name end
    after[i] = digits(balance)
  end
  for asset, sum in pairs(sums) do
    if sum ~= 0 then return nil, 'invalid sum of ' .. asset end
  end
  return balances, after
end

-- --- drafting what is to be written

local function note_record(entry, outcome, forget_at_ms)
  draft.records[entry.id] = entry.fingerprint .. ' ' .. outcome
  draft.changed.records[entry.id] = forget_at_ms or 0
end

local function accept(entry, raw, balances, after, at_ms)
  for name, balance in pairs(balances) do
    draft.balances[name] = balance
    draft.changed.balances[name] = true
  end
  for _, write in ipairs(entry.writes or {}) do
    local version = draft.registers[write[1]].version + 1
    draft.registers[write[1]] = {version = version, text = digits(version) .. ' ' .. write[2]}
    draft.changed.registers[write[1]] = write[3]
  end
  for _, rank in ipairs(entry.ranks or {}) do draft.ranks[#draft.ranks + 1] = rank end
  draft.place = draft.place + 1
  local seq = 0
  if entry.room then
    seq = room_seq_of(entry.room) + 1
    draft.rooms[entry.room] = seq
    draft.changed.rooms[entry.room] = true
  end
  local line = {place = digits(draft.place), raw = raw, seq = digits(seq), at_ms = at_ms, after = after}
  draft.lines[#draft.lines + 1] = line
  local outcome = 'posted ' .. line.place .. ' ' .. line.seq .. ' ' .. after
  note_record(entry, outcome, entry.forget_at_ms)
  return outcome
end

-- Forgetting a refusal doubles nothing, so it is kept long enough for every retry and no longer.
local function refuse(entry, why)
  note_record(entry, why, draft.at_ms + REFUSAL_KEPT_MS)
  return why
end

-- --- writing it

-- Pairs of arguments for one command with many, in portions that fit on Lua's stack.
local function write_pairs(arguments, ...)
  for first = 1, #arguments, ARGUMENTS_MAX do
    local last = math.min(first + ARGUMENTS_MAX - 1, #arguments)
    local head = {...}
    for i = first, last do head[#head + 1] = arguments[i] end
    redis.call(unpack(head))
  end
end

local function write_hash(key, changed, values)
  local arguments = {}
  for name in pairs(changed) do
    arguments[#arguments + 1] = name
    arguments[#arguments + 1] = digits(values[name])
  end
  write_pairs(arguments, 'HSET', key)
end

-- `changed` maps a name to when it is forgotten, 0 for never.
local function write_strings(prefix, changed, text_of)
  local lasting = {}
  for name, forget_at_ms in pairs(changed) do
    if forget_at_ms > 0 then
      redis.call('SET', prefix .. name, text_of(name), 'PXAT', digits(forget_at_ms))
    else
      lasting[#lasting + 1] = prefix .. name
      lasting[#lasting + 1] = text_of(name)
    end
  end
  write_pairs(lasting, 'MSET')
end

-- Places that are set are gathered by ranking; what else happens to a ranking keeps its turn.
local function write_ranks()
  local gathered = {}
  local function set_gathered(key)
    write_pairs(gathered[key] or {}, 'ZADD', key)
    gathered[key] = nil
  end
  for _, rank in ipairs(draft.ranks) do
    local key, member, score, is_raise = RANK .. rank[1], rank[2], rank[3], rank[4]
    if is_raise or score == 0 then
      set_gathered(key)
      if is_raise then
        redis.call('ZINCRBY', key, digits(score), member)
      else
        redis.call('ZREM', key, member)
      end
    else
      local sets = gathered[key] or {}
      sets[#sets + 1] = digits(score)
      sets[#sets + 1] = member
      gathered[key] = sets
    end
  end
  for key in pairs(gathered) do set_gathered(key) end
end

local function write_out()
  local changed = draft.changed
  write_strings(ENTRY, changed.records, function(id) return draft.records[id] end)
  if #draft.lines == 0 then return end
  write_hash(BALANCES, changed.balances, draft.balances)
  write_hash(ROOMS, changed.rooms, draft.rooms)
  write_strings(REGISTER, changed.registers, function(name) return draft.registers[name].text end)
  write_ranks()
  redis.call('HSET', META, 'place', digits(draft.place))
  for _, line in ipairs(draft.lines) do
    redis.call('XADD', JOURNAL, line.place .. '-0',
      'entry', line.raw, 'seq', line.seq, 'at', line.at_ms, 'after', line.after)
  end
end

-- --- the functions

-- A leg of 0 only looks at a balance: shows go on while money is stopped.
local function moves(entry)
  for _, leg in ipairs(entry.legs or {}) do
    if leg[3] ~= '0' then return true end
  end
  return false
end

local function post_one(entry, raw)
  local answer = repeated(entry)
  if answer then return answer end
  if entry.refusal then return refuse(entry, 'refused code ' .. entry.refusal) end
  if draft.halted and moves(entry) then return 'halted ' .. draft.halted end
  answer = moved(entry)
  if answer then return answer end
  local balances, after = plan(entry)
  if balances then
    return accept(entry, raw, balances, table.concat(after, ','), digits(draft.at_ms))
  end
  local why = after
  local class = string.match(why, '^refused floor ([^: ]*)')
  if class and class == entry.unrecorded then return 'short ' .. string.sub(why, 9) end
  if string.sub(why, 1, 7) == 'refused' then return refuse(entry, why) end
  return why
end

-- The first argument is the highest place the caller was ever told, the others are entries.
local function post(_, args)
  local time = redis.call('TIME')
  begin(time[1] * 1000 + math.floor(time[2] / 1000))
  if draft.place < tonumber(args[1]) then
    return redis.error_reply('BEHIND this store has lost entries it had acknowledged')
  end
  local entries, outcomes = {}, {}
  for i = 2, #args do entries[i - 1] = decoded(args[i]) end
  read_ahead(entries)
  for i, entry in ipairs(entries) do outcomes[i] = post_one(entry, args[i + 1]) end
  write_out()
  return outcomes
end

-- Lines as five arguments each: place, number in the room, moment, balances behind the legs, entry.
-- A register that an entry has read stood at that version, even if it is forgotten by now.
local function restore(_, args)
  begin(0)
  local entries = {}
  for i = 5, #args, 5 do entries[i / 5] = decoded(args[i]) end
  read_ahead(entries)
  for i = 1, #args, 5 do
    local entry = entries[(i + 4) / 5]
    for _, leg in ipairs(entry.legs or {}) do leg[4] = digits(-AMOUNT_MAX) end
    for _, read in ipairs(entry.reads or {}) do draft.registers[read[1]].version = read[2] end
    local balances, after = plan(entry)
    if not balances then return redis.error_reply('INVALID place ' .. args[i] .. ': ' .. after) end
    local outcome = accept(entry, args[i + 4], balances, table.concat(after, ','), args[i + 2])
    local told = 'posted ' .. args[i] .. ' ' .. args[i + 1] .. ' ' .. args[i + 3]
    if outcome ~= told then
      return redis.error_reply('INVALID the line says ' .. told .. ', here it is ' .. outcome)
    end
  end
  write_out()
  return redis.status_reply('OK')
end

-- Note that the lines up to `upto` are in the archive; only from where the last seal ended.
local function seal(_, args)
  local from, upto, sha256 = args[1], args[2], args[3]
  local meta = redis.call('HMGET', META, 'sealed', 'place')
  if (meta[1] or '0') ~= from or tonumber(upto) > tonumber(meta[2] or '0') then
    return redis.error_reply('STALE the journal is sealed up to ' .. (meta[1] or '0'))
  end
  redis.call('HSET', META, 'sealed', upto, 'sealed_sha256', sha256)
  return redis.status_reply('OK')
end

-- Forget the lines up to `upto`, as far as they are sealed. Returns how many.
local function trim(_, args)
  local upto = math.min(tonumber(args[1]), tonumber(redis.call('HGET', META, 'sealed') or '0'))
  return redis.call('XTRIM', JOURNAL, 'MINID', digits(upto + 1) .. '-0')
end

-- Let nothing move any more: somebody has found the books to be wrong. The first reason stays.
local function halt(_, args)
  return redis.call('HSETNX', META, 'halted', args[1])
end

local function resume()
  return redis.call('HDEL', META, 'halted')
end

redis.register_function('post', post)
redis.register_function('restore', restore)
redis.register_function('seal', seal)
redis.register_function('trim', trim)
redis.register_function('halt', halt)
redis.register_function('resume', resume)

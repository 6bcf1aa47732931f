"""Deliberate defects, one line each, and for each the test that must catch it.

An area has a list of its own; a new area adds one and names it in `MUTANTS`. The old text must
stand exactly once in its file, which a quick test sees to, so that this table cannot rot.
"""

from .commerce import COMMERCE
from .doors import DOORS
from .fanout import FAN_OUT
from .mutant import Mutant
from .statements import STATEMENTS

LUA = "livesrv/ledger/ledger.lua"
ENTRY = "livesrv/ledger/entry.py"
STORE = "livesrv/ledger/store.py"
SPLIT = "livesrv/ledger/split.py"
ACCOUNTANT = "livesrv/ledger/accountant.py"

POST_TEST = "tests/ledger/test_post.py::"
FLOORS_TEST = "tests/ledger/test_floors.py::"
RESTORE_TEST = "tests/ledger/test_restore.py::"
MACHINE_TEST = "tests/ledger/test_machine.py::"
STORE_TEST = "tests/ledger/test_store.py::"
SPLIT_TEST = "tests/ledger/test_split.py::"
ACCOUNTANT_TEST = "tests/ledger/test_accountant.py::"
PROXY_TEST = "tests/faults/test_proxy.py::"

FLOORS = [
    Mutant(
        LUA,
        "if breaks_floor(account, amount, balance, floor) then",
        "if false then",
        POST_TEST + "test_a_broken_floor_refuses_the_whole_entry_for_ever",
    ),
    Mutant(
        LUA,
        "if floor then return balance < floor end",
        "",
        FLOORS_TEST + "test_a_floor_that_a_leg_names_holds_in_a_class_without_one",
    ),
    Mutant(
        LUA,
        "if floor then return balance < floor end",
        "if floor then return amount < 0 and balance < floor end",
        FLOORS_TEST + "test_a_floor_that_a_leg_names_holds_where_nothing_moves",
    ),
    Mutant(
        LUA,
        "if floor then return balance < floor end",
        "if floor then return amount <= 0 and balance < floor end",
        FLOORS_TEST + "test_a_floor_that_a_leg_names_holds_where_units_come_in",
    ),
    Mutant(
        LUA,
        "return amount < 0 and balance < 0 and not",
        "return balance < 0 and not",
        FLOORS_TEST + "test_units_may_come_into_an_account_that_stays_below_zero",
    ),
    Mutant(
        LUA,
        "(balances[name] or draft.balances[name]) + amount",
        "draft.balances[name] + amount",
        FLOORS_TEST + "test_each_leg_is_held_against_the_balance_at_its_place",
    ),
    Mutant(
        LUA,
        "if class and class == entry.unrecorded then",
        "if false then",
        FLOORS_TEST + "test_an_entry_that_is_short_leaves_no_record_and_may_be_posted_again",
    ),
    Mutant(
        LUA,
        "if class and class == entry.unrecorded then",
        "if class and entry.unrecorded then",
        FLOORS_TEST + "test_only_the_named_class_makes_an_entry_short",
    ),
    Mutant(
        LUA,
        "if balance > AMOUNT_MAX or balance < -AMOUNT_MAX then",
        "if false then",
        POST_TEST + "test_no_balance_passes_the_exact_range",
    ),
    Mutant(
        LUA,
        "if math.abs(sums[asset]) > SUM_MAX then",
        "if false then",
        FLOORS_TEST + "test_legs_whose_sum_leaves_the_exact_range_are_refused",
    ),
    Mutant(
        ENTRY,
        '"clearing", "pending", "available"',
        '"clearing", "available"',
        FLOORS_TEST + "test_units_may_leave_an_account_of_a_class_without_floor",
    ),
]

POSTING = [
    Mutant(
        LUA,
        "local answer = repeated(entry)",
        "local answer",
        POST_TEST + "test_a_repeat_answers_the_first_outcome",
    ),
    Mutant(
        LUA,
        "if fingerprint ~= entry.fingerprint then",
        "if false then",
        POST_TEST + "test_a_known_id_with_other_content_is_a_conflict",
    ),
    Mutant(
        LUA,
        "note_record(entry, why, draft.at_ms + REFUSAL_KEPT_MS)",
        "",
        POST_TEST + "test_a_broken_floor_refuses_the_whole_entry_for_ever",
    ),
    Mutant(
        LUA,
        "if entry.refusal then return refuse(entry, 'refused code ' .. entry.refusal) end",
        "",
        POST_TEST + "test_a_declared_refusal_keeps_the_id_refused",
    ),
    Mutant(
        LUA,
        "if register.version ~= read[2] then",
        "if false then",
        POST_TEST + "test_a_moved_register_makes_an_entry_stale_and_leaves_no_record",
    ),
    Mutant(
        LUA,
        "local version = draft.registers[write[1]].version + 1",
        "local version = draft.registers[write[1]].version",
        POST_TEST + "test_a_moved_register_makes_an_entry_stale_and_leaves_no_record",
    ),
    Mutant(
        LUA,
        "if sum ~= 0 then",
        "if false then",
        POST_TEST + "test_legs_that_make_no_sense_are_a_fault_and_move_nothing",
    ),
    Mutant(
        LUA,
        "draft.changed.balances[name] = true",
        "",
        POST_TEST + "test_a_repeat_answers_the_first_outcome",
    ),
    Mutant(
        LUA,
        "draft.changed.rooms[entry.room] = true",
        "",
        POST_TEST + "test_places_and_room_numbers_have_no_holes",
    ),
    Mutant(
        LUA,
        "seq = room_seq_of(entry.room) + 1",
        "seq = draft.place",
        POST_TEST + "test_places_and_room_numbers_have_no_holes",
    ),
    Mutant(
        LUA,
        "local record = draft.records[entry.id]",
        "local record = redis.call('GET', ENTRY .. entry.id)",
        MACHINE_TEST + "test_store_and_model_agree_on_whatever_happens",
    ),
    Mutant(
        LUA,
        "draft.changed.records[entry.id] = forget_at_ms or 0",
        "draft.changed.records[entry.id] = 0",
        MACHINE_TEST + "test_store_and_model_agree_on_whatever_happens",
    ),
    Mutant(
        LUA,
        "redis.call('ZINCRBY', key, digits(score), member)",
        "redis.call('ZADD', key, digits(score), member)",
        MACHINE_TEST + "test_store_and_model_agree_on_whatever_happens",
    ),
    Mutant(
        LUA,
        "for first = 1, #arguments, ARGUMENTS_MAX do",
        "for first = 1, math.min(#arguments, ARGUMENTS_MAX), ARGUMENTS_MAX do",
        MACHINE_TEST + "test_an_entry_wider_than_a_command_is_posted_whole",
    ),
    Mutant(
        LUA,
        "if draft.place < tonumber(args[1]) then",
        "if false then",
        STORE_TEST + "test_a_store_that_has_lost_acknowledged_entries_gets_no_more_of_them",
    ),
]

RESTORING = [
    Mutant(
        LUA,
        "draft.registers[read[1]].version = read[2]",
        "",
        RESTORE_TEST
        + "test_a_register_that_was_forgotten_in_between_is_restored_at_the_version_that_was_read",
    ),
    Mutant(
        LUA,
        "if outcome ~= told then",
        "if false then",
        RESTORE_TEST + "test_a_line_that_does_not_follow_is_named_and_nothing_is_written",
    ),
    Mutant(
        LUA,
        "(meta[1] or '0') ~= from or",
        "",
        RESTORE_TEST + "test_a_seal_that_does_not_follow_the_last_one_is_not_put",
    ),
    Mutant(
        LUA,
        "~= from or tonumber(upto) > tonumber(meta[2] or '0') then",
        "~= from then",
        RESTORE_TEST + "test_a_seal_that_does_not_follow_the_last_one_is_not_put",
    ),
    Mutant(
        LUA,
        "math.min(tonumber(args[1]), tonumber(redis.call('HGET', META, 'sealed') or '0'))",
        "tonumber(args[1])",
        RESTORE_TEST + "test_only_sealed_lines_are_trimmed",
    ),
]

GROUP_COMMIT = [
    Mutant(
        STORE,
        "in zip(batch, texts, strict=True):",
        "in zip([t for t in batch if not t.answer.done()], texts):",
        POST_TEST + "test_an_entry_that_outlives_its_poster_is_posted_once",
    ),
    Mutant(
        STORE,
        "raws = (ticket.raw for ticket in batch)",
        "raws = (ticket.raw for ticket in reversed(batch))",
        POST_TEST + "test_an_entry_that_outlives_its_poster_is_posted_once",
    ),
    Mutant(
        STORE,
        "if len(self._queue) >= self.queue_max:",
        "if False:",
        STORE_TEST + "test_a_full_queue_answers_at_once_and_grows_no_further",
    ),
    Mutant(
        STORE,
        "self._place = max(self._place, outcome.place)",
        "pass",
        STORE_TEST + "test_a_store_that_has_lost_acknowledged_entries_gets_no_more_of_them",
    ),
    Mutant(
        STORE,
        "async with asyncio.timeout(self._patience_s(batch)):",
        "async with asyncio.timeout(None):",
        PROXY_TEST + "test_under_one_fault_every_outcome_told_is_the_true_one[half_open]",
    ),
    Mutant(
        STORE,
        "batch = self._give_up_late(batch)",
        "batch = []",
        STORE_TEST + "test_entries_wait_for_a_store_that_comes_back",
    ),
    Mutant(
        STORE,
        "if len(batch) == 1:",
        "if True:",
        STORE_TEST + "test_an_entry_that_breaks_the_function_does_not_fail_its_neighbours",
    ),
    Mutant(
        STORE,
        "return msgspec.structs.replace(first, is_repeat=True)",
        "return first",
        POST_TEST + "test_a_repeat_answers_the_first_outcome",
    ),
    Mutant(
        STORE,
        "registers |= outcome.moved",
        "pass",
        STORE_TEST + "test_racing_transactions_lose_no_update",
    ),
]

SPLITS = [
    Mutant(
        SPLIT,
        "key=lambda i: -remainders[i])",
        "key=lambda i: remainders[i])",
        SPLIT_TEST
        + "test_random_splits_are_exact_and_odd_units_go_to_the_largest_remainders_in_order",
    ),
    Mutant(
        SPLIT,
        "key=lambda i: -remainders[i])",
        "key=lambda i: (-remainders[i], -i))",
        SPLIT_TEST + "test_ties_go_to_the_first_parties_of_the_card",
    ),
    Mutant(
        SPLIT,
        "parts = [gross * rate_bps // BPS_WHOLE for",
        "parts = [round(gross * rate_bps / BPS_WHOLE) for",
        SPLIT_TEST
        + "test_random_splits_are_exact_and_odd_units_go_to_the_largest_remainders_in_order",
    ),
    Mutant(
        SPLIT,
        "parties[share.party] = parties.get(share.party, 0) + own",
        "parties[share.party] = own",
        SPLIT_TEST + "test_movements_of_a_due_sum_to_zero",
    ),
]

COMMISSION = [
    Mutant(
        ACCOUNTANT,
        "        if upto:\n",
        "        if dues:\n",
        "tests/commerce/test_diary.py::test_a_show_that_sold_nothing_is_final_too_and_said_once",
    ),
    Mutant(
        ACCOUNTANT,
        "reads=[(WATERMARK_REGISTER, watermark.version)],",
        "reads=[],",
        ACCOUNTANT_TEST + "test_a_batch_made_from_a_watermark_that_has_moved_is_not_accepted",
    ),
    Mutant(
        ACCOUNTANT,
        "dues.append(due)",
        "dues += [due, due]",
        ACCOUNTANT_TEST + "test_every_sale_is_split_by_its_card_to_the_cent",
    ),
    Mutant(
        ACCOUNTANT,
        "upto = line.place",
        "upto = line.place + 1",
        ACCOUNTANT_TEST + "test_accountants_at_the_same_time_settle_each_sale_once",
    ),
]

MUTANTS = [
    *FLOORS,
    *POSTING,
    *RESTORING,
    *GROUP_COMMIT,
    *SPLITS,
    *COMMISSION,
    *COMMERCE,
    *STATEMENTS,
    *DOORS,
    *FAN_OUT,
]

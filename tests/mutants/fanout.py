"""Deliberate defects on the way from a member's socket to all the others'."""

from .mutant import Mutant

FRAMES = "protocol/frames.py"
WHEEL = "livesrv/wheel.py"
SESSION = "livesrv/session.py"
COMMANDS = "livesrv/commands.py"
FAIR = "livesrv/rooms/fair.py"
WATERFALL = "livesrv/rooms/waterfall.py"
FANOUT_FILE = "livesrv/rooms/fanout.py"
OPEN_ROOM = "livesrv/rooms/open_room.py"
SAVER = "livesrv/rooms/saver.py"
HALL = "livesrv/rooms/hall.py"
ROOM = "livesrv/rooms/room.py"
PACE = "livesrv/rooms/pace.py"
BUS_LUA = "livesrv/rooms/bus.lua"

FRAMES_TEST = "tests/protocol/test_frames.py::"
WHEEL_TEST = "tests/test_wheel.py::"
SOCKETS_TEST = "tests/wire/test_sockets.py::"
WATERFALL_TEST = "tests/rooms/test_waterfall.py::"
FANOUT_TEST = "tests/rooms/test_fanout.py::"
OPEN_ROOM_TEST = "tests/rooms/test_open_room.py::"
SAVER_TEST = "tests/rooms/test_saver.py::"
SAVER_WIRE_TEST = "tests/wire/test_saver.py::"
HALL_TEST = "tests/rooms/test_hall.py::"
ROOM_TEST = "tests/rooms/test_room.py::"
PACE_TEST = "tests/rooms/test_pace.py::"
BUS_TEST = "tests/rooms/test_bus.py::"

FAN_OUT = [
    Mutant(
        FRAMES,
        "if size + sum(map(len, self._parts or ())) > self._bytes_max:",
        "if size > self._bytes_max:",
        FRAMES_TEST + "test_a_message_over_the_limit_is_refused_by_its_header",
    ),
    Mutant(
        FRAMES,
        "if len(plain) > self._bytes_max:",
        "if False:",
        FRAMES_TEST + "test_a_small_message_that_inflates_over_the_limit_is_refused",
    ),
    Mutant(
        FRAMES,
        "if not size & _MASKED:",
        "if False:",
        FRAMES_TEST + "test_what_breaks_the_rules_is_refused",
    ),
    Mutant(
        FRAMES,
        "if len(unread) < end:",
        "if len(unread) < end - 1:",
        FRAMES_TEST + "test_whatever_the_pieces_the_messages_are_the_same",
    ),
    Mutant(
        WHEEL,
        "[max(self._next, -(-at_ms // self._slot_ms))]",
        "[at_ms // self._slot_ms]",
        WHEEL_TEST + "test_each_comes_up_once_and_at_its_time",
    ),
    Mutant(
        WHEEL,
        "            self._next += 1\n            yield from self._slots.pop(self._next - 1, ())",
        "            yield from self._slots.pop(self._next, ())\n            self._next += 1",
        WHEEL_TEST + "test_what_is_added_while_it_turns_comes_up_at_the_next_turn",
    ),
    Mutant(
        SESSION,
        "message = None if self.is_busy else self._reader.next()",
        "message = self._reader.next()",
        SOCKETS_TEST + "test_many_commands_in_one_packet_are_answered_in_their_order",
    ),
    Mutant(
        SESSION,
        "                asyncio.get_running_loop().call_soon(self.read_on)",
        "                pass",
        SOCKETS_TEST + "test_many_commands_in_one_packet_are_answered_in_their_order",
    ),
    Mutant(
        COMMANDS,
        "if session.is_closing:  # it has left its rooms",
        "if False:  # it has left its rooms",
        SOCKETS_TEST + "test_who_goes_while_entering_is_no_member",
    ),
    Mutant(
        FAIR,
        "return int(self._weights.get(author, 0.0) / self._weight)",
        "return 0",
        WATERFALL_TEST + "test_a_flooder_does_not_crowd_out_the_others",
    ),
    Mutant(
        FAIR,
        "        shown[author] += 1\n",
        "",
        WATERFALL_TEST + "test_authors_take_turns_within_a_batch_and_order_of_arrival_stays",
    ),
    Mutant(
        WATERFALL,
        "self._shed += len(shed)",
        "self._shed = len(shed)",
        WATERFALL_TEST + "test_every_comment_is_shown_or_counted_as_shed",
    ),
    Mutant(
        WATERFALL,
        "            if author in self._present:",
        "            if False:",
        OPEN_ROOM_TEST
        + "test_an_author_sees_its_own_shed_comment_and_others_see_that_one_was_shed",
    ),
    Mutant(
        FANOUT_FILE,
        "        if not member.is_here:",
        "        if False:",
        OPEN_ROOM_TEST + "test_who_leaves_or_is_closed_between_slices_gets_nothing_more_of_it",
    ),
    Mutant(
        FANOUT_FILE,
        "            except RuntimeError:",
        "            except KeyError:",
        FANOUT_TEST + "test_a_member_whose_connection_is_gone_does_not_keep_others_from_theirs",
    ),
    Mutant(
        FANOUT_FILE,
        "            shed=self.shed - len(own),",
        "            shed=self.shed,",
        FANOUT_TEST + "test_an_author_sees_its_shed_comments_behind_what_all_see_and_less_is_shed",
    ),
    Mutant(
        OPEN_ROOM,
        "HURRIED_SLICE_MEMBERS if self._is_hurried() else SLICE_MEMBERS",
        "SLICE_MEMBERS",
        OPEN_ROOM_TEST + "test_slices_are_small_while_somebody_waits_for_an_answer",
    ),
    Mutant(
        SAVER,
        "        return self._first + len(self._pieces)",
        "        return self._first",
        SAVER_TEST + "test_who_enters_between_is_told_in_the_next_batch_what_came_since",
    ),
    Mutant(
        SAVER,
        "            self._tokens -= len(fall.comments)",
        "",
        SAVER_TEST + "test_no_more_is_shown_than_the_rate_and_one_windows_worth",
    ),
    Mutant(
        OPEN_ROOM,
        "place = self.room.seq - sum(len(frames.events) for frames in unsent)",
        "place = self.room.seq",
        SAVER_TEST + "test_in_either_lane_and_over_any_switch_all_events_come"
        "_and_all_comments_are_told_of",
    ),
    Mutant(
        COMMANDS,
        "opened.settle(before[1], is_resuming=missed is not None)",
        "pass",
        SAVER_WIRE_TEST + "test_changing_lanes_while_events_flow_loses_and_repeats_none",
    ),
    Mutant(
        WATERFALL,
        "                self._show_own(author, comment)",
        "                pass",
        SAVER_TEST + "test_an_author_sees_what_was_shed_for_all_and_what_was_shed_here",
    ),
    Mutant(
        HALL,
        "if isinstance(message, Run) or message.worker != self._worker:",
        "if True:",
        HALL_TEST + "test_what_this_worker_said_is_not_heard_again_from_the_bus",
    ),
    Mutant(
        ROOM,
        "        if first + len(older) == oldest:",
        "        if True:",
        ROOM_TEST + "test_older_events_are_put_in_front_where_they_join_and_as_far_as_they_fit",
    ),
    Mutant(
        PACE,
        "max(min(sparing_ms, timely_ms), self._cost_ms / GREEDY_SHARE)",
        "sparing_ms",
        PACE_TEST + "test_a_longer_one_takes_what_it_needs_to_show_them_in_time_but_never_all",
    ),
    Mutant(
        BUS_LUA,
        "if cursor < known or cursor >= upto then return cursor end",
        "if cursor >= upto then return cursor end",
        BUS_TEST + "test_a_bus_that_lost_its_memory_takes_nothing_until_told_from_where",
    ),
    Mutant(
        BUS_LUA,
        "for i = math.max(0, last + 1 - first), count - 1 do",
        "for i = 0, count - 1 do",
        BUS_TEST + "test_a_run_that_overlaps_is_remembered_without_repeats",
    ),
]

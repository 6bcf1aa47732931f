"""What a log says, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.selftest.log import Command, Entry, Frame, Log, Visit, from_json
from loadtest.selftest.truth import Playbook, figures, summary, timed

BEGIN_MS = 5_000.0


def playbook(moments_ms: dict[str, float]) -> Playbook:
    return Playbook(
        moment_ms=lambda command: moments_ms.get(command.word),
        is_crew=lambda one, other: one[-1] == other[-1],
        is_host=lambda user: user.startswith("host"),
    )


def said(word: str, came_ms: float, **more: object) -> Command:
    told_ms = came_ms + 1
    return Command(came_ms, "comment", "u1", "r", word, members=2, told_ms=told_ms)


def entered(user: str, seq: int, since: int | None = None, recovered: bool = False) -> Entry:
    return Entry(user, "r", 1_000, 1_010, since, seq, recovered, again=since is not None)


def test_a_response_counts_from_the_intended_moment_and_service_from_the_coming() -> None:
    log = Log(
        commands=[said("a", BEGIN_MS + 10), said("b", BEGIN_MS + 270)],
        frames=[
            Frame("r", 0, 50, [0], [], 0, sent=[("u1", BEGIN_MS + 30), ("u2", BEGIN_MS + 31)]),
            Frame("r", 0, 50, [1], [], 0, sent=[("u1", BEGIN_MS + 300)]),
        ],
    )
    found = timed(log, playbook({"a": 10.0, "b": 70.0}))
    assert found["comment"] == [20, 21, 230]
    assert found["comment_service"] == [20, 21, 30]


@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=20))
def test_the_show_begins_no_later_than_any_command_allows(late_ms: list[float]) -> None:
    """Whatever came late, the least late of all says when it began."""
    commands = [said(str(n), BEGIN_MS + 10 * n + late) for n, late in enumerate(late_ms)]
    frames = [
        Frame("r", 0, 9, [n], [], 0, sent=[("u1", c.came_ms)]) for n, c in enumerate(commands)
    ]
    moments = {str(n): 10.0 * n for n in range(len(late_ms))}
    found = timed(Log(commands=commands, frames=frames), playbook(moments))["comment"]
    least = min(late_ms)
    assert found == pytest.approx([late - least for late in late_ms], abs=1e-6)


def test_a_purchase_that_was_busy_counts_from_its_first_coming() -> None:
    log = Log(
        commands=[
            Command(100, "gift", "u1", "r", "g/1", told_ms=101, code="busy"),
            Command(150, "gift", "u1", "r", "g/1", told_ms=160),
        ]
    )
    found = figures(log, playbook({"g/1": 0.0}))
    assert found["gift_service.max_ms"] == 60
    assert found["errors.busy"] == found["retries"] == 1
    assert found["gift.acknowledged"] == 1
    assert found["gift.refused"] == 0


def test_a_sale_is_timed_only_where_its_buyer_is() -> None:
    sale = Command(BEGIN_MS, "order", "u1", "r", "o", told_ms=BEGIN_MS)
    frame = Frame("r", 1, 9, [], [0], 0, sent=[("v1", BEGIN_MS + 5), ("v2", BEGIN_MS + 7)])
    assert timed(Log([sale], [frame]), playbook({"o": 0.0}))["sold_event"] == [5]


def test_comments_are_expected_by_who_was_there_and_missing_when_nobody_said_so() -> None:
    log = Log(
        commands=[said("a", 1), said("b", 2), said("c", 3)],
        frames=[
            Frame("r", 0, 9, [0], [], 0, sent=[("u1", 1), ("u2", 1)]),
            Frame("r", 0, 9, [], [], 1, sent=[("u1", 2), ("u2", 2)]),
        ],
    )
    found = figures(log, playbook({}))
    names = ("expected", "delivered", "shed", "missing")
    assert [found[f"comment.{name}"] for name in names] == [6, 2, 2, 2]


def test_a_hole_that_is_told_again_is_no_loss_and_one_that_is_not_is() -> None:
    log = Log(
        entries=[
            entered("u1", 0),
            entered("u2", 0),
            entered("u1", 5, since=3, recovered=True),
            entered("u2", 5, since=2),
            entered("guest", 9),
        ],
        ends={"r": 9},
    )
    found = figures(log, playbook({}))
    names = ("expected", "delivered", "lost", "holes", "resnapshots")
    assert [found[f"reliable.{name}"] for name in names] == [18, 15, 3, 2, 1]


def test_what_was_repeated_swapped_or_untrue_counts_for_whom_it_was_told() -> None:
    both = [("u1", 1.0), ("u2", 1.0)]
    log = Log(
        frames=[
            Frame("r", 3, 9, [], [-1], 0, repeated=1, sent=both),
            Frame("r", 3, 9, [], [-1, -1], 0, misplaced=2, sent=both),
            Frame("r", 3, 9, [], [-1], 0, untrue=1, sent=both[:1]),
        ]
    )
    found = figures(log, playbook({}))
    names = ("doubled", "reordered", "mismatched")
    assert [found[f"reliable.{name}"] for name in names] == [2, 4, 1]


def test_a_rejoin_is_from_being_hung_up_on_to_being_told_of_the_room() -> None:
    gone = Visit(0, 1, 2, 3, ended_ms=500, user="u1", code=1012)
    back = Visit(600, 601, 602, 603, ended_ms=2_000, user="u1")
    log = Log(visits=[gone, back], entries=[entered("u1", 0)], ends={"r": 0})
    found = figures(log, playbook({}))
    assert found["rejoin.p50_ms"] == 510
    assert found["closes.1012"] == 1
    assert found["viewers.gone"] == 0


def test_bytes_are_all_that_was_written_for_each_second_in_a_room() -> None:
    log = Log(
        frames=[Frame("r", 0, 400, [], [], 0, sent=[("u1", 1), ("guest", 1)])],
        entries=[entered("u1", 0)],
        visits=[Visit(0, 1, 2, 3, ended_ms=3_010, user="u1", head_bytes=100)],
        messages=[("u1", 1.0, 500), ("guest", 1.0, 70)],
        ends={"r": 0},
    )
    assert figures(log, playbook({}))["bytes.per_viewer_s"] == 500


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_percentile_is_the_least_value_that_its_share_does_not_exceed(
    values: list[float],
) -> None:
    found = summary(values)
    for name, share in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99)):
        within = [value for value in values if value <= found[name]]
        below = [value for value in values if value < found[name]]
        assert len(within) >= share * len(values) > len(below)
    assert found["max_ms"] == max(values)


def test_a_log_is_the_same_after_its_journey_as_json() -> None:
    log = Log(
        commands=[said("a", 1.5)],
        frames=[Frame("r", 1, 9, [0], [-1], 0, sent=[("u1", 2.5)])],
        entries=[entered("u1", 0)],
        visits=[Visit(0.5, user="u1")],
        messages=[("u1", 1.0, 3)],
        stocks={"r/peach": 5},
    )
    assert from_json(log.as_json()) == log

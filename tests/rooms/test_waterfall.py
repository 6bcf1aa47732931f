"""The waterfall between two flushes: folded, bounded, fair, and honest about what it left out."""

from collections import Counter, defaultdict
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesrv.rooms.fair import AUTHORS_MAX, Comment, Lately
from livesrv.rooms.waterfall import OWN_MAX, Fall, Waterfall
from protocol.codec import Item
from tests.seeding import SEED

PRESENT = {"here", "flood"}


def falling(
    comments_per_s: int = 0, comments_max: int = 50, seed: int = SEED, now_ms: int = 0
) -> Waterfall:
    return Waterfall(
        comments_per_s=comments_per_s,
        comments_max=comments_max,
        present=PRESENT,
        randbytes=Random(seed).randbytes,
        now_ms=now_ms,
    )


def said(author: str, count: int = 1) -> list[Comment]:
    return [(author, f"{author} {i}".encode()) for i in range(count)]


def texts(items: list[Item]) -> list[str]:
    return [item.msgpack.decode() for item in items]


def authors(fall: Fall) -> Counter[str]:
    return Counter(text.partition(" ")[0] for text in texts(fall.comments))


arrivals = st.lists(
    st.tuples(st.sampled_from(["here", "a", "b", "c"]), st.integers(0, 90), st.integers(0, 5)),
    max_size=12,
)


@given(st.lists(st.tuples(arrivals, st.integers(-500, 5000)), max_size=12), st.integers(0, 30))
def test_every_comment_is_shown_or_counted_as_shed(
    flushes: list[tuple[list[tuple[str, int, int]], int]], per_s: int
) -> None:
    waterfall, now_ms = falling(per_s), 0
    for arrived, elapsed_ms in flushes:
        now_ms += elapsed_ms
        for author, count, shed_before in arrived:
            waterfall.comment(said(author, count), shed_before)
        fall = waterfall.take(now_ms)
        assert len(fall.comments) <= 50
        total = sum(count + before for _, count, before in arrived)
        assert len(fall.comments) + fall.shed == total
        assert set(fall.own) <= {"here"}
        assert sum(map(len, fall.own.values())) <= fall.shed


# --- under a budget


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 40))
def test_under_the_budget_nothing_is_shed(gaps_ms: list[int], per_s: int) -> None:
    """A second's worth at once, then never faster than the budget; from one author or many."""
    waterfall, now_ms = falling(per_s), 0.0
    waterfall.comment(said("one", per_s))
    assert waterfall.take(0).shed == 0
    for i, gap_ms in enumerate(gaps_ms):
        now_ms += 1000 / per_s + gap_ms
        waterfall.comment(said("one" if i % 3 else f"other{i}"))
        assert waterfall.take(int(now_ms) + 1).shed == 0


def test_over_the_budget_no_more_is_shown_than_a_second_and_a_half_at_once_and_the_rate() -> None:
    waterfall, shown = falling(20), 0
    for now_ms in range(0, 10_000, 50):
        waterfall.comment([(f"u{now_ms}-{i}", b"x") for i in range(10)])
        shown += len(waterfall.take(now_ms).comments)
    assert 195 <= shown <= 30 + 200


class Shares(NamedTuple):
    """What was shown of a flooder and of 50 others, who each say half of 100 comments a second."""

    flooder: int
    others: list[int]
    arrived: int
    shed: int


def shares(window_ms: int, *, is_regular: bool, duration_s: int = 60, budget: int = 20) -> Shares:
    chance = Random(f"{SEED} {window_ms} {is_regular}")
    moments: list[tuple[float, str]] = []
    for author, per_s in [("flood", 50.0)] + [(f"u{i}", 1.0) for i in range(50)]:
        at_s = chance.random() / per_s
        while at_s < duration_s:
            moments.append((at_s * 1000, author))
            at_s += 1 / per_s if is_regular else chance.expovariate(per_s)
    by_flush: defaultdict[int, list[Comment]] = defaultdict(list)
    for at_ms, author in sorted(moments):
        by_flush[int(at_ms // window_ms)].append((author, author.encode()))
    waterfall, shown, shed = falling(budget), Counter[str](), 0
    for flush in range(duration_s * 1000 // window_ms):
        waterfall.comment(by_flush[flush])
        fall = waterfall.take((flush + 1) * window_ms)
        shown += Counter(texts(fall.comments))
        shed += fall.shed
    others = [shown[f"u{i}"] for i in range(50)]
    return Shares(shown["flood"], others, len(moments), shed)


@pytest.mark.parametrize("window_ms", [50, 200])
@pytest.mark.parametrize("is_regular", [True, False])
def test_a_flooder_does_not_crowd_out_the_others(window_ms: int, is_regular: bool) -> None:
    """Max-min fair would be 50/51 of what is shown for the 50 others; at least 9/10 of it is."""
    found = shares(window_ms, is_regular=is_regular)
    shown = found.flooder + sum(found.others)
    assert shown + found.shed == found.arrived
    assert shown >= 20 * 60
    assert sum(found.others) / shown >= 0.9 * 50 / 51


@pytest.mark.parametrize("window_ms", [50, 200])
def test_quiet_authors_are_treated_alike(window_ms: int) -> None:
    """Each is shown between 2/3 and 3/2 of the mean when they speak by chance.

    Those who speak on the dot of their second meet the same others in every flush, and still are
    shown between a half of the mean and twice of it.
    """
    for is_regular, least, most in ((False, 2 / 3, 3 / 2), (True, 1 / 2, 2)):
        others = shares(window_ms, is_regular=is_regular).others
        mean = sum(others) / 50
        assert least * mean <= min(others)
        assert max(others) <= most * mean


def test_authors_take_turns_within_a_batch_and_order_of_arrival_stays() -> None:
    for seed in range(8):  # whichever author drew the first lot
        waterfall = falling(comments_max=6, seed=seed)
        waterfall.comment(said("flood", 40) + said("a", 2) + said("b", 1))
        fall = waterfall.take(0)
        assert texts(fall.comments) == ["flood 0", "flood 1", "flood 2", "a 0", "a 1", "b 0"]


def test_a_flooder_that_fills_the_room_does_not_keep_out_those_who_come_after() -> None:
    waterfall = falling(comments_max=10)
    for i in range(200):
        waterfall.comment(said("flood", 30))
        if i % 25 == 0:
            waterfall.comment(said(f"late{i}"))
    fall = waterfall.take(0)
    assert sum(count for author, count in authors(fall).items() if author != "flood") == 8
    assert fall.shed == 200 * 30 + 8 - 10


def test_among_many_authors_of_one_comment_each_has_the_same_chance_early_or_late() -> None:
    early = 0
    for seed in range(60):
        waterfall = falling(comments_max=10, seed=seed)
        for i in range(100):
            waterfall.comment(said(f"u{i:02}"))
        early += sum(author < "u50" for author in authors(waterfall.take(0)))
    assert 230 <= early <= 370  # of 600; 300 is fair, and 70 are nearly six standard deviations


def test_what_is_shown_of_an_author_who_was_shown_much_lately_waits_for_the_others() -> None:
    waterfall = falling(comments_max=1)
    waterfall.comment(said("a"))
    waterfall.take(0)
    for turn in ("b", "c", "d"):
        waterfall.comment(said("a") + said(turn))
        assert authors(waterfall.take(0)) == {turn: 1}


def test_being_shown_is_forgotten_in_time_and_time_may_stand_still_or_run_long() -> None:
    lately = Lately(0)
    lately.show(said("a", 8), 0)
    assert lately.count("a") == 8
    for now_ms, left in ((-9, 8), (3_500, 3), (11_000, 0)):
        lately.show([], now_ms)
        assert lately.count("a") == left
    for now_ms in range(10**6, 10**8, 10**6):
        lately.show(said("a", 3), now_ms)
        assert lately.count("a") == 3
    for now_ms in range(10**8, 10**8 + 10**6, 100):  # one every 100 ms
        lately.show(said("a"), now_ms)
    assert lately.count("a") in (49, 50, 51)


def test_authors_remembered_are_bounded_and_the_least_shown_are_forgotten_first() -> None:
    lately = Lately(0)
    lately.show(said("much", 5), 0)
    for i in range(3 * AUTHORS_MAX):
        lately.show(said(f"u{i}"), 0)
    assert len(lately._weights) <= AUTHORS_MAX
    assert lately.count("much") == 5


# --- one's own


def test_shed_comments_are_kept_for_authors_who_are_here_and_come_behind_their_shown_ones() -> None:
    waterfall = falling(comments_max=2)
    waterfall.comment(said("here", 3) + said("elsewhere", 3))
    fall = waterfall.take(0)
    assert texts(fall.comments) == ["here 0", "elsewhere 0"]
    assert {author: texts(own) for author, own in fall.own.items()} == {
        "here": ["here 1", "here 2"]
    }
    assert fall.shed == 4


def test_what_is_kept_for_an_author_is_bounded() -> None:
    waterfall = falling(comments_max=5)
    for _ in range(100):
        waterfall.comment(said("flood", 50))
    assert len(waterfall.take(0).own["flood"]) == OWN_MAX


# --- what folds


def test_likes_fold_into_one_count_with_the_highest_total() -> None:
    waterfall = falling(1)
    for count, total in ((3, 3), (2, 9), (4, 7)):
        waterfall.like(count, total)
    folded = [msgspec.msgpack.decode(item.msgpack) for item in waterfall.take(0).folded]
    assert folded == [{"type": "like", "count": 9, "total": 9}]


def test_a_total_of_likes_that_comes_late_does_not_lead_back() -> None:
    waterfall = falling()
    waterfall.like(100, 226)
    waterfall.take(0)
    waterfall.like(101, 125)
    (folded,) = waterfall.take(1).folded
    assert msgspec.msgpack.decode(folded.msgpack) == {"type": "like", "count": 101, "total": 226}


def test_only_the_latest_number_of_viewers_is_told() -> None:
    waterfall = falling(1)
    waterfall.viewers(3)
    waterfall.viewers(0)
    told = [msgspec.msgpack.decode(item.msgpack) for item in waterfall.take(0).folded]
    assert told == [{"type": "viewers", "count": 0}]


def test_taking_starts_anew() -> None:
    waterfall = falling(1, comments_max=1)
    waterfall.comment(said("here", 2))
    waterfall.like(1, 1)
    waterfall.viewers(1)
    waterfall.take(0)
    assert waterfall.take(0) == Fall([], [], 0, {}, None, None)

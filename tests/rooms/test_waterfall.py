"""The waterfall between two flushes: folded, bounded, and honest about what it left out."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from livesrv.rooms.waterfall import Waterfall
from protocol.codec import Item
from protocol.messages import CommentDrop, User


def comments(count: int) -> list[Item]:
    user = User("u", "U")
    return [
        Item.of(CommentDrop(comment=f"c{i}", user=user, text="x", at_ms=i)) for i in range(count)
    ]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=20))
def test_every_comment_is_shown_or_counted_as_shed(arrivals: list[tuple[int, int]]) -> None:
    waterfall = Waterfall(comments_max=50)
    for count, shed_before in arrivals:
        waterfall.comment(comments(count), shed_before)
    items, shed = waterfall.take()
    assert len(items) <= 50
    assert len(items) + shed == sum(count + before for count, before in arrivals)


def test_likes_fold_into_one_count_with_the_highest_total() -> None:
    waterfall = Waterfall(comments_max=1)
    for count, total in ((3, 3), (2, 9), (4, 7)):
        waterfall.like(count, total)
    items, _ = waterfall.take()
    folded = [msgspec.msgpack.decode(item.msgpack) for item in items]
    assert folded == [{"type": "like", "count": 9, "total": 9}]


def test_only_the_latest_number_of_viewers_is_told() -> None:
    waterfall = Waterfall(comments_max=1)
    waterfall.viewers(3)
    waterfall.viewers(0)
    items, _ = waterfall.take()
    told = [msgspec.msgpack.decode(item.msgpack) for item in items]
    assert told == [{"type": "viewers", "count": 0}]


def test_taking_starts_anew() -> None:
    waterfall = Waterfall(comments_max=1)
    waterfall.comment(comments(2))
    waterfall.like(1, 1)
    waterfall.viewers(1)
    waterfall.take()
    assert waterfall.take() == ([], 0)

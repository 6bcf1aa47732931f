"""What the rooms showed, each event once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.books.sightings import Sightings


def gift(seq: int, count: int = 1) -> dict[str, Any]:
    return {"type": "gift", "seq": seq, "combo": f"c{seq}", "count": count, "added": 1}


def sold(seq: int, quantity: int = 2) -> dict[str, Any]:
    lines = [{"offer": "tea", "quantity": quantity}]
    return {"type": "sold", "seq": seq, "user": {"id": "u"}, "lines": lines}


def seen(*events: tuple[str, dict[str, Any]]) -> Sightings:
    sightings = Sightings()
    for room, event in events:
        sightings.take(room, (event,))
    return sightings


def test_an_event_is_new_once_in_each_room() -> None:
    sightings = Sightings()
    events = (gift(1), gift(2))
    assert sightings.take("r", events) == list(events)
    assert sightings.take("r", events) == []
    assert sightings.take("another", (gift(1),)) == [gift(1)]
    assert sightings.mismatches == 0


def test_the_order_of_an_events_fields_makes_no_difference() -> None:
    sightings = seen(("r", gift(1)))
    sightings.take("r", (dict(reversed(gift(1).items())),))
    assert sightings.mismatches == 0


def test_two_crews_that_saw_the_same_add_up_to_each_event_once() -> None:
    one, two = seen(("r", gift(1)), ("r", sold(2))), seen(("r", sold(2)), ("r", gift(3)))
    one.merge(two)
    assert sorted(one.gifts()) == [("c1", 1, 1), ("c3", 1, 1)]
    assert one.shown_pieces() == {("r", "u", "tea"): 2}
    assert one.mismatches == 0


def test_two_crews_that_saw_different_histories_mismatch() -> None:
    one = seen(("r", gift(1)))
    one.merge(seen(("r", gift(1, count=2)), ("r", gift(1))))
    assert one.mismatches == 2


def test_what_is_beyond_memory_is_forgotten_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.books.sightings.REMEMBERED_MAX", 3)
    one = seen(*(("r", gift(number)) for number in range(5)))
    assert one.forgotten == 2
    assert [combo for combo, _, _ in one.gifts()] == ["c2", "c3", "c4"]
    one.merge(seen(("r", gift(9))))
    assert one.forgotten == 3


SEEN = st.lists(
    st.tuples(st.sampled_from(["r", "s"]), st.integers(1, 6), st.integers(1, 2), st.integers(0, 2)),
    max_size=30,
)


@given(SEEN)
def test_events_of_one_history_add_up_the_same_whoever_saw_them(
    sights: list[tuple[str, int, int, int]],
) -> None:
    events = [(room, sold(seq, quantity=seq)) for room, seq, _, _ in sights]
    whole = seen(*events)
    crews = [
        seen(*(event for event, sight in zip(events, sights, strict=True) if sight[3] == crew))
        for crew in range(3)
    ]
    for crew in crews[1:]:
        crews[0].merge(crew)
    assert crews[0].shown_pieces() == whole.shown_pieces()
    assert crews[0].mismatches == whole.mismatches == 0

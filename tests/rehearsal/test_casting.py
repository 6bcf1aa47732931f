"""Which rehearsals are given an audience."""

from hypothesis import given
from hypothesis import strategies as st

from livesrv.rehearsal.casting import AUDIENCES_MAX, Casting, Part, Show

MAX_S = 600.0
NOW_MS = 1_000_000
SHOWS = [Show(f"room-{n}", NOW_MS - 1_000 * n) for n in range(9)]


def test_a_live_show_is_given_one_audience_for_the_time_that_is_left() -> None:
    casting = Casting(MAX_S)
    show = Show("hill", NOW_MS - 60_000)
    assert casting.begin([show], NOW_MS) == [Part(show, 540.0)]
    assert casting.begin([show], NOW_MS + 500) == []


def test_a_show_that_is_older_than_a_rehearsal_lasts_is_given_none() -> None:
    forgotten = Show("hill", NOW_MS - 600_000)
    assert Casting(MAX_S).begin([forgotten], NOW_MS) == []


def test_an_audience_that_has_left_does_not_come_back_to_the_same_show() -> None:
    casting = Casting(MAX_S)
    casting.begin(SHOWS[:1], NOW_MS)
    casting.ended(SHOWS[0])
    assert casting.begin(SHOWS[:1], NOW_MS) == []


def test_the_next_show_of_the_same_room_has_an_audience_again() -> None:
    casting = Casting(MAX_S)
    casting.begin(SHOWS[:1], NOW_MS)
    casting.ended(SHOWS[0])
    again = Show(SHOWS[0].room, NOW_MS + 5_000)
    assert [part.show for part in casting.begin([again], NOW_MS + 5_000)] == [again]


def test_beyond_four_at_once_a_show_waits_and_the_oldest_comes_first() -> None:
    casting = Casting(MAX_S)
    first = [part.show for part in casting.begin(SHOWS, NOW_MS)]
    assert first == list(reversed(SHOWS))[:AUDIENCES_MAX]
    assert casting.begin(SHOWS, NOW_MS) == []
    casting.ended(first[1])
    assert [part.show for part in casting.begin(SHOWS, NOW_MS)] == [SHOWS[-1 - AUDIENCES_MAX]]


@given(st.lists(st.one_of(st.sets(st.sampled_from(SHOWS)), st.sampled_from(SHOWS)), max_size=40))
def test_never_more_than_four_play_and_no_show_twice_while_it_is_live(
    steps: list[set[Show] | Show],
) -> None:
    casting, playing = Casting(MAX_S), set[Show]()
    for step in steps:
        if isinstance(step, Show):
            playing.discard(step)
            casting.ended(step)
            continue
        begun = {part.show for part in casting.begin(step, NOW_MS)}
        assert not begun & playing
        playing |= begun
        assert len(playing) <= AUDIENCES_MAX

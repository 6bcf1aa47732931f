"""Accounts of several crews, merged, are what one would have noted of everybody."""

import pickle
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.books.account import Account
from loadtest.books.books import Books
from loadtest.books.deliveries import STAY_MS
from loadtest.books.purchases import combo_count, combo_key
from loadtest.books.receipts import Purchase
from loadtest.books.sequence import Tally
from loadtest.books.settlement import pieces, show_mismatches, spent
from loadtest.record.figures import figure
from loadtest.run.figures import counted
from loadtest.scenario.model import Kind
from loadtest.scenario.schedule import Schedule

from ..shows import schedule

RUN = "r1"
ROOMS = ["a", "b"]
COMMENTS = 8
CLOSED_MS = 20_000.0
SCHEDULE = schedule((Kind.COMMENT, [0.0] * COMMENTS), (Kind.GIFT, [0.0] * 60))

Happening = tuple[str, int, int, int]
"""What, to which person, which number, and how much."""
KINDS = ("visit", "comment", "arrive", "order", "gift", "see", "tally", "count")
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, COMMENTS - 1), st.integers(0, 3)
    ),
    max_size=60,
)


class Clock:
    def __init__(self) -> None:
        self.now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


class Crew:
    """Notes happenings in books, as a crew's clients would."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.books = Books(RUN, ROOMS, SCHEDULE, self.clock)
        self.account = self.books.account
        self._inside: set[int] = set()
        self._gifts: dict[int, int] = {}

    def note(self, place: int, happening: Happening) -> None:
        what, *rest = happening
        self.clock.now_ms = place * 150.0
        getattr(self, f"_{what}")(place, *rest)

    def _visit(self, place: int, person: int, number: int, more: int) -> None:
        """Comes, or goes who is in."""
        if person in self._inside:
            self._inside.remove(person)
            self.books.went(person % 2)
        else:
            self._inside.add(person)
            self.books.came(person % 2)

    def _comment(self, place: int, person: int, number: int, more: int) -> None:
        self.account.said[Kind.COMMENT, "sent"] += 1
        if more:
            self.account.said[Kind.COMMENT, "acknowledged"] += 1
            self.account.deliveries.accept(person, person % 2, self.clock())

    def _arrive(self, place: int, person: int, number: int, more: int) -> None:
        self.account.deliveries.arrive(number, more)
        self.account.deliveries.shed += person

    def _order(self, place: int, person: int, number: int, more: int) -> None:
        line = {"offer": "tea", "quantity": number + 1}
        command = {"room": ROOMS[person % 2], "lines": [line], "total_minor": 7, "currency": "CNY"}
        purchase = Purchase(Kind.ORDER, place, person, 0.0, command)
        self._end(purchase, more, {"order": f"o{place}"})

    def _gift(self, place: int, person: int, number: int, more: int) -> None:
        ordinal = self._gifts[person] = self._gifts.get(person, -1) + 1
        command = {"key": combo_key(RUN, person, ordinal), "count": combo_count(ordinal)}
        self._end(Purchase(Kind.GIFT, place, person, 0.0, command), more, {})

    def _end(self, purchase: Purchase, how: int, reply: dict[str, Any]) -> None:
        self.books.open(purchase)
        purchase.attempts = int(how != 3)
        receipts = self.account.receipts
        if how == 0:
            receipts.acknowledge(purchase, reply)
        elif how == 1:
            self.books.refuse(purchase)
        else:
            receipts.abandon(purchase)

    def _see(self, place: int, person: int, number: int, more: int) -> None:
        event: dict[str, Any] = {"type": "gift", "combo": f"{RUN}-g1-0", "count": 1, "added": 1}
        if number % 2:
            lines = [{"offer": "tea", "quantity": number}]
            event = {"type": "sold", "user": {"id": f"{RUN}-v{number}"}, "lines": lines}
        self.account.sightings.take(ROOMS[0], ({**event, "seq": number},))

    def _tally(self, place: int, person: int, number: int, more: int) -> None:
        self.account.tally.add(Tally(expected=number, delivered=number - more, lost=more))
        self.account.slow_tally.add(Tally(holes=more))

    def _count(self, place: int, person: int, number: int, more: int) -> None:
        self.account.counts[("reconnects", "retries", "resent", "bytes")[more]] += number
        self.account.errors["busy"] += more
        self.account.close_codes[1000 + more] += 1
        self.account.entry_failures["OSError"] += more
        if more == 3:
            self.books.unreadable(bytes([number]))

    def close(self) -> Account:
        """Everybody leaves, in time's own order."""
        self.clock.now_ms = CLOSED_MS
        for room, stays in enumerate(self.account.stays[0]):
            for _ in range(stays.members):
                self.books.went(room)
        self.account.closed_ms = CLOSED_MS
        return self.account


def noted(happenings: Iterator[tuple[int, Happening]]) -> Account:
    crew = Crew()
    for place, happening in happenings:
        crew.note(place, happening)
    return crew.close()


@given(HAPPENINGS, st.integers(1, 4))
@settings(deadline=None)
def test_a_log_split_over_crews_and_merged_is_the_account_of_one(
    log: list[Happening], crews: int
) -> None:
    numbered = list(enumerate(log))
    whole = noted(iter(numbered))
    merged, *rest = [
        pickle.loads(pickle.dumps(noted(each for each in numbered if each[1][1] % crews == crew)))
        for crew in range(crews)
    ]
    for each in rest:
        merged.merge(each)
    assert counted(merged, SCHEDULE, 1.0) == counted(whole, SCHEDULE, 1.0)
    assert sorted(show_mismatches(merged)) == sorted(show_mismatches(whole))
    assert spent(merged.receipts, 3) == spent(whole.receipts, 3)
    assert pieces(merged.receipts) == pieces(whole.receipts)
    assert merged.closed_ms == whole.closed_ms == CLOSED_MS
    assert bool(merged.unreadable_first) == bool(whole.unreadable_first)


@given(HAPPENINGS)
@settings(deadline=None)
def test_every_figure_of_an_account_is_in_the_catalogue(log: list[Happening]) -> None:
    figures = counted(noted(iter(enumerate(log))), Schedule(), 1.0)
    assert all(figure(name) for name in figures)


def test_a_comment_is_owed_across_crews() -> None:
    sender, other = Crew(), Crew()
    sender.note(0, ("visit", 0, 0, 0))
    other.note(0, ("visit", 2, 0, 0))
    sender.note(1, ("comment", 0, 0, 1))
    for crew in (sender, other):
        crew.note(2, ("arrive", 0, 0, 1))
    whole = sender.close()
    whole.merge(other.close())
    assert CLOSED_MS > STAY_MS
    waterfall = whole.deliveries.account(whole.stays, whole.closed_ms)
    assert (waterfall.expected, waterfall.delivered, waterfall.surplus) == (2, 2, 0)

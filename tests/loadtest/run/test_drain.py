"""The end of a run: waiting has an end, and rooms say themselves where theirs is."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.client.audience import connector
from loadtest.client.viewer import Connect
from loadtest.crew.messages import End, Standing
from loadtest.run import drain as draining
from loadtest.run.drain import drain, ends_of
from loadtest.scenario.schedule import Schedule
from loadtest.selftest.stub import Faults, serving_stub

from ..asides import impatient as impatient

pytestmark = pytest.mark.usefixtures("impatient")
ENDS = {"r": End("e", 2)}


def books() -> Books:
    return Books("r1", ["r"], Schedule(), clock_ms)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """To a stub whose one room has told two events."""
    async with serving_stub(Faults()) as (url, stub):
        room = stub.show.open("r", "A room", "its host")
        for status in ("live", "ended"):
            stub.show.set_status(room, status)
        yield connector(url, books())
        assert room.members == []


class Crowd:
    """Stands for the crews: answers one standing after the other, the last one for ever."""

    def __init__(self, *standings: Standing) -> None:
        self.standings = list(standings)
        self.asked = 0
        self.heard: list[Mapping[str, End]] = []

    async def __call__(self, ends: Mapping[str, End], wants_account: bool) -> Sequence[Standing]:
        self.asked += 1
        self.heard.append(ends)
        return [self.standings.pop(0) if len(self.standings) > 1 else self.standings[0]]


def standing(
    changes: int = 0, *, is_open: bool = False, is_complete: bool = True, has_reached: bool = True
) -> Standing:
    return Standing(int(is_open), changes, is_complete, has_reached)


async def drained(crowd: Crowd, connect: Connect) -> tuple[dict[str, End], float]:
    """Where the rooms end, and how many seconds it took."""
    began_ms = clock_ms()
    ends = await drain(books(), connect, crowd)
    return ends, (clock_ms() - began_ms) / 1000


async def test_a_fresh_connection_is_told_where_each_room_ends(connect: Connect) -> None:
    assert await ends_of(books(), connect) == ENDS


async def test_where_a_server_that_is_gone_ends_is_not_known() -> None:
    assert await ends_of(books(), connector("http://127.0.0.1:9", books())) == {}


async def test_it_is_over_when_all_is_quiet_and_everybody_has_everything(connect: Connect) -> None:
    crowd = Crowd(standing())
    ends, seconds = await drained(crowd, connect)
    assert ends == ENDS
    assert crowd.heard[-1] == ENDS
    assert seconds >= draining.QUIET_S


@pytest.mark.parametrize(
    "unfinished", [standing(is_open=True), standing(is_complete=False), standing(has_reached=False)]
)
async def test_who_has_not_everything_yet_is_waited_for(
    connect: Connect, unfinished: Standing
) -> None:
    crowd = Crowd(*[unfinished] * 7, standing())
    ends, _ = await drained(crowd, connect)
    assert ends == ENDS
    assert crowd.asked > 7


async def test_while_something_comes_it_is_not_over(connect: Connect) -> None:
    crowd = Crowd(*(standing(changes) for changes in range(10)))
    _, seconds = await drained(crowd, connect)
    assert seconds >= 9 * draining.POLL_S + draining.QUIET_S


async def test_what_has_not_come_for_long_is_given_up(connect: Connect) -> None:
    ends, seconds = await drained(Crowd(standing(has_reached=False)), connect)
    assert ends == ENDS
    assert draining.HOPELESS_S <= seconds < draining.HOPELESS_S + 2


async def test_waiting_has_an_end(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "DRAIN_S_MAX", 0.3)
    ends, seconds = await drained(Crowd(standing(is_open=True)), connect)
    assert ends == ENDS
    assert 0.3 <= seconds < 3


async def test_without_any_crew_left_the_ends_are_asked_for_all_the_same(connect: Connect) -> None:
    async def nobody(ends: Mapping[str, End], wants_account: bool) -> Sequence[Standing]:
        return []

    async with asyncio.timeout(5):
        assert await drain(books(), connect, nobody) == ENDS

"""One crew without a process: its share of the people, how it stands, and its account."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from loadtest.alongside import clock_ms
from loadtest.books.account import Account
from loadtest.books.receipts import Purchase
from loadtest.client.api import Api, open_session
from loadtest.client.audience import connector
from loadtest.client.credentials import Mint
from loadtest.crew.crew import Crew
from loadtest.crew.messages import Assignment, End, Gift
from loadtest.run.drain import ends_of
from loadtest.run.stage import Stage, fill_wallets, open_room, topups_minor
from loadtest.scenario.cast import Cast
from loadtest.scenario.model import Curve, Incident, Kind, Role, Scenario, Trouble
from loadtest.selftest.stub import SECRET, Faults, Stub, serving_stub

from ...waiting import until
from ..shows import act, crowd, show

MINT = Mint(SECRET, "the test")
TTL_S = 600.0
ROSE = Gift("rose", 3)
DURATION_S = 0.4
BEGUN = 1
"""The number of `started`, with which each room's lane begins."""


class Play:
    """A scenario prepared on a stub, and crews that may play it."""

    def __init__(self, scenario: Scenario, url: str, stub: Stub) -> None:
        self.scenario = scenario
        self.stub = stub
        self.url = url
        self.rooms = [f"r1-r{room}" for room in range(Cast(scenario).room_count)]

    async def prepare(self) -> None:
        stage = Stage("r1", self.rooms, ROSE, topups_minor(Cast(self.scenario), ROSE))
        async with open_session() as session:
            api = Api(session, self.url)
            for room in self.rooms:
                await open_room(api, MINT, room, ttl_s=TTL_S)
            await fill_wallets(api, stage, MINT, ttl_s=TTL_S)

    def crew(self, number: int = 0, of: int = 1) -> Crew:
        return Crew(
            Assignment(
                scenario=self.scenario,
                url=self.url,
                run="r1",
                room_ids=self.rooms,
                gift=ROSE,
                mint=MINT,
                ttl_s=TTL_S,
                crew=number,
                crews=of,
            )
        )

    async def ends(self, crew: Crew) -> dict[str, End]:
        return await ends_of(crew.books, connector(self.url, crew.books))

    async def account(self, crew: Crew) -> Account:
        """The crew's, when all is told and it has all that there is."""
        rooms = self.stub.show.rooms.values()
        await until(lambda: all(room.lanes.told == len(room.lanes.events) for room in rooms))
        ends = await self.ends(crew)
        await until(lambda: crew.standing(ends, wants_account=False).has_reached)
        account = crew.close(ends)
        await crew.leave()
        return account

    async def played(self, crew: Crew) -> Account:
        await crew.enter()
        await crew.play(clock_ms() + 10, asyncio.Event())
        await until(lambda: not crew.standing({}, wants_account=False).open_count)
        return await self.account(crew)


Prepare = Callable[[Scenario], Awaitable[Play]]


@pytest.fixture
async def prepare() -> AsyncIterator[Prepare]:
    async with AsyncExitStack() as stack:

        async def prepared(scenario: Scenario) -> Play:
            url, stub = await stack.enter_async_context(serving_stub(Faults()))
            play = Play(scenario, url, stub)
            await play.prepare()
            return play

        yield prepared


async def test_crews_share_all_people_and_their_hosts(prepare: Prepare) -> None:
    play = await prepare(show(crowd(7), duration_s=DURATION_S))
    crews = [play.crew(number, 3) for number in range(3)]
    assert [len(crew._people) for crew in crews] == [3, 3, 3]
    for crew in crews:
        await crew.enter()
    assert [len(room.members) for room in play.stub.show.rooms.values()] == [5, 4]
    accounts = [await play.account(crew) for crew in crews]
    assert sum(account.counts["opened"] for account in accounts) == 7
    await until(lambda: not any(room.members for room in play.stub.show.rooms.values()))


async def test_everything_that_was_shown_was_taken_before_it_stands_reached(
    prepare: Prepare,
) -> None:
    gifts = act(Kind.GIFT, 50, DURATION_S)
    play = await prepare(show(crowd(4, gifts), duration_s=DURATION_S))
    account = await play.played(play.crew())
    assert account.receipts.acknowledged[Kind.GIFT] == 20
    assert account.tally.delivered == account.tally.expected == 20 * 3
    assert account.members == 0


async def test_who_arrives_later_is_not_waited_for_in_the_beginning(prepare: Prepare) -> None:
    arrive = Curve(((0.1, 10.0), (0.4, 10.0)))
    play = await prepare(show(crowd(3, arrive=arrive), rooms=1, duration_s=DURATION_S))
    crew = play.crew()
    await crew.enter()
    assert crew.books.account.members == 1
    await crew.play(clock_ms(), asyncio.Event())
    await until(lambda: crew.standing({}, wants_account=False).is_complete)
    assert crew.books.account.members == 4
    assert (await play.account(crew)).counts["opened"] == 3


async def test_who_has_gone_is_not_waited_for_in_the_end(prepare: Prepare) -> None:
    churn = crowd(4, role=Role.CHURNER, stay_s=0.2, away_s=60.0)
    gifts = crowd(1, act(Kind.GIFT, 10, DURATION_S), name="gifter")
    play = await prepare(show(churn, gifts, rooms=1, duration_s=DURATION_S))
    account = await play.played(play.crew())
    assert account.counts["opened"] == 5
    assert (account.tally.lost, account.counts["reconnects"]) == (0, 0)
    assert account.tally.delivered == account.tally.expected < 4 * 6


async def test_a_raid_leads_all_into_one_room_and_loses_nothing(prepare: Prepare) -> None:
    raid = Incident(trouble=Trouble.RAID, at_s=0.1, within_s=0.1, to="main")
    acts = (act(Kind.GIFT, 50, DURATION_S), act(Kind.COMMENT, 50, DURATION_S))
    play = await prepare(show(crowd(6, *acts), duration_s=DURATION_S, incidents=(raid,)))
    crew = play.crew()
    await crew.enter()
    await crew.play(clock_ms(), asyncio.Event())
    await until(lambda: not crew.standing({}, wants_account=False).open_count)
    assert [len(room.members) for room in play.stub.show.rooms.values()] == [7, 1]
    account = await play.account(crew)
    assert account.tally.lost == account.tally.doubled == 0
    assert account.tally.delivered == account.tally.expected > 0
    assert account.receipts.acknowledged[Kind.GIFT] == 20


async def test_people_who_drop_come_back_and_miss_nothing(prepare: Prepare) -> None:
    drop = Incident(trouble=Trouble.DROP, at_s=0.1, within_s=0.05)
    acts = (act(Kind.GIFT, 50, DURATION_S), act(Kind.ORDER, 25, DURATION_S))
    play = await prepare(show(crowd(4, *acts), rooms=1, duration_s=DURATION_S, incidents=(drop,)))
    account = await play.played(play.crew())
    assert account.counts["reconnects"] == 4
    assert account.tally.delivered == account.tally.expected == 30 * 5
    assert account.receipts.acknowledged == {Kind.GIFT: 20, Kind.ORDER: 10}
    assert not account.close_codes


async def test_slow_readers_are_not_waited_for_and_kept_apart(prepare: Prepare) -> None:
    slow = crowd(2, name="slow", role=Role.SLOW_READER, reads_every_s=60.0)
    gifts = crowd(1, act(Kind.GIFT, 50, DURATION_S), name="gifter")
    play = await prepare(show(slow, gifts, rooms=1, duration_s=DURATION_S))
    account = await play.played(play.crew())
    assert account.tally.delivered == account.tally.expected == 20 * 2
    assert account.slow_tally.expected == 20 * 2
    assert account.counts["opened"] == 3


async def test_beats_add_up_to_all_that_was_timed(prepare: Prepare) -> None:
    acts = (act(Kind.GIFT, 50, DURATION_S), act(Kind.COMMENT, 50, DURATION_S))
    play = await prepare(show(crowd(4, *acts), rooms=1, duration_s=DURATION_S))
    crew = play.crew()
    await crew.enter()
    first = crew.beat(None)
    await crew.play(clock_ms(), asyncio.Event())
    await until(lambda: crew.standing({}, wants_account=False).changes == 20 * 5 * 2)
    account = await play.account(crew)
    last = crew.beat(1)
    assert (first.counts["viewers"], last.counts["gifts"], last.counts["comments"]) == (4, 20, 20)
    assert last.counts["deliveries"] == 20 * 5 * 2
    beats = (first, last)
    for measure, histogram in account.latencies.total.items():
        told = sum(beat.histograms.get(measure, histogram - histogram).total() for beat in beats)
        assert told == histogram.total()


async def test_nobody_has_reached_an_end_that_is_not_known_or_not_come(prepare: Prepare) -> None:
    crew = (await prepare(show(crowd(2), rooms=1))).crew()
    await crew.enter()
    assert not crew.standing({}, wants_account=False).has_reached
    assert crew.standing({"r1-r0": End("e", BEGUN)}, wants_account=False).has_reached
    assert not crew.standing({"r1-r0": End("e", BEGUN + 1)}, wants_account=False).has_reached
    crew.close({})
    await crew.leave()


async def test_what_was_not_answered_when_the_books_are_closed_is_unknown(prepare: Prepare) -> None:
    crew = (await prepare(show(crowd(1), rooms=1))).crew()
    await crew.enter()
    line = {"offer": "tea", "quantity": 1}
    command = {"type": "order", "room": "r1-r0", "key": "k", "lines": [line]}
    order = {**command, "total_minor": 1, "currency": "CNY"}
    crew._people[1].buy(Purchase(Kind.ORDER, 0, 1, 0.0, order))
    assert crew.standing({}, wants_account=False).open_count == 1
    receipts = crew.close({}).receipts
    assert (receipts.open_count, receipts.unknown[Kind.ORDER]) == (0, 1)
    await crew.leave()


async def test_a_server_that_lets_nobody_in_is_given_up(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.client.audience.ENTRY_TIMEOUT_S", 0.2)
    play = await prepare(show(crowd(2), rooms=1, duration_s=DURATION_S))
    play.url = "http://127.0.0.1:9"
    crew = play.crew()
    await crew.enter()
    account = crew.close({})
    await crew.leave()
    assert account.counts["opened"] == 0
    assert account.entry_failures["ECONNREFUSED"] > 0

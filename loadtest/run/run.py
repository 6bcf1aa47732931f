"""One run from the first HTTP call to its record.

The only module here that knows all others. Invariant: whatever happens after crews were started,
they have ended before this returns.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rich.console import Console

from ..alongside import alongside, clock_ms, epoch_clock, until_interrupted
from ..books.account import Account
from ..books.books import Books
from ..capacity.bottleneck import name_bottleneck
from ..client.api import Api, all_of, open_session
from ..client.audience import connector
from ..client.credentials import TOKEN_MARGIN_S, Mint
from ..crew.messages import Assignment, End, Entered, Standing
from ..record.machine import read_machine
from ..record.record import Record, Verdict
from ..record.timeline import Timeline
from ..report.live import LiveView
from ..scenario.cast import Cast
from ..scenario.model import Offer, Scenario
from ..scenario.objectives import judge as judge_objectives
from ..scenario.schedule import Schedule
from .crews import Apart, Crews
from .drain import drain, merged
from .figures import counted, distributions, reconciled, timed
from .reconcile import Reconciler, Reconciliation
from .seconds import Seconds
from .stage import Stage, cheapest_gift, fill_wallets, open_room, topups_minor
from .verdict import Generator, judge, notes
from .watch import ServerWatch

LEAD_MS = 500.0
"""Between the word to begin and the show's first moment: every crew has heard it by then."""
TELL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What to play, against which server, with how many generator processes."""

    scenario: Scenario
    url: str
    crews: int = 1


async def run(order: RunOrder, mint: Mint, console: Console, apart: Apart | None = None) -> Record:
    """Prepare, play, drain, reconcile and judge; with crews `apart`, as many as are called.

    Raises `Unreachable`, and `Refusal` when the server does not let us prepare.
    """
    async with open_session() as session:
        api = Api(session, order.url)
        await api.reach()
        ttl_s = order.scenario.duration_s + TOKEN_MARGIN_S
        watch = ServerWatch(session, order.url, mint.token("loadtest-ops", "ops", ttl_s=ttl_s))
        return await _Run(order, mint, api, watch, console, apart).carry_out()


@dataclass(frozen=True)
class _Played:
    """What is known when the crews have left. `seconds` is how long the show was."""

    accounts: list[Account]
    ends: Mapping[str, End]
    entered: Sequence[Entered]
    seconds: float
    losses: list[str]


class _Run:
    """One run under way."""

    def __init__(
        self,
        order: RunOrder,
        mint: Mint,
        api: Api,
        watch: ServerWatch,
        console: Console,
        apart: Apart | None,
    ) -> None:
        self._order = order
        self._scenario = order.scenario
        self._mint = mint
        self._api = api
        self._watch = watch
        self._console = console
        self._apart = apart
        self._clock = epoch_clock() if apart else clock_ms
        self._cast = Cast(order.scenario)
        self._ttl_s = order.scenario.duration_s + TOKEN_MARGIN_S
        self._timeline = Timeline()
        self._seconds = Seconds(self._timeline, order.crews, watch.second)
        self._run = secrets.token_hex(4)
        self._room_ids = [f"{self._run}-r{n}" for n in range(self._cast.room_count)]

    async def carry_out(self) -> Record:
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        view = LiveView(self._console, self._scenario, self._timeline)
        async with alongside(view.show(), self._watch.run()):
            stage = await self._prepare()
            played = await self._play(stage)
            self._timeline.phase = "reconciling"
            account = merged(played.accounts or [self._empty_account()])
            found = await self._reconcile(account, stage)
        return self._record(started_at, played, account, found)

    async def _prepare(self) -> Stage:
        gift = await cheapest_gift(self._api)
        stage = Stage(self._run, self._room_ids, gift, topups_minor(self._cast, gift))
        await all_of(
            open_room(self._api, self._mint, room, offers, ttl_s=self._ttl_s)
            for room, offers in self._offers().items()
        )
        await fill_wallets(self._api, stage, self._mint, ttl_s=self._ttl_s)
        return stage

    async def _play(self, stage: Stage) -> _Played:
        async with Crews(self._assignments(stage), self._seconds.take, self._apart) as crews:
            async with alongside(self._telling(crews)):
                self._timeline.phase = "entering"
                entered = await crews.enter()
                seconds = await self._show(crews)
                self._seconds.end(seconds)
                self._timeline.phase = "draining"
                ends = await self._drained(crews)
            accounts = await crews.finish(ends)
            self._seconds.close()
            return _Played(accounts, ends, entered, seconds, crews.losses())

    async def _show(self, crews: Crews) -> float:
        """Have the show played; returns how long it was."""
        start_ms = self._clock() + LEAD_MS
        self._seconds.begin()
        self._watch.begin()
        self._timeline.phase = "playing"
        await crews.begin(start_ms)
        async with _stopping(crews):
            played = await crews.played(self._scenario.duration_s)
        lasted_s = max(0.0, self._clock() - start_ms) / 1000
        return max((each.seconds for each in played), default=lasted_s)

    async def _drained(self, crews: Crews) -> dict[str, End]:
        async def ask(ends: Mapping[str, End], wants_account: bool) -> list[Standing]:
            return await crews.ask(ends, wants_account=wants_account)

        books = Books(self._run, self._room_ids, Schedule(), clock_ms)
        return await drain(books, connector(self._order.url, books), ask)

    async def _telling(self, crews: Crews) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            self._seconds.tell(crews.is_lost)

    async def _reconcile(self, account: Account, stage: Stage) -> Reconciliation:
        stocks = {
            (room, offer.offer): offer.stock
            for room, offers in self._offers().items()
            for offer in offers
        }
        return await Reconciler(
            self._api, self._mint, account, stage, stocks, self._ttl_s
        ).reconcile()

    def _offers(self) -> dict[str, tuple[Offer, ...]]:
        return {room: self._cast.offers(number) for number, room in enumerate(self._room_ids)}

    def _assignments(self, stage: Stage) -> list[Assignment]:
        return [
            Assignment(
                scenario=replace(self._scenario, text=""),
                url=self._order.url,
                run=self._run,
                room_ids=self._room_ids,
                gift=stage.gift,
                mint=self._mint,
                ttl_s=self._ttl_s,
                crew=number,
                crews=self._order.crews,
                is_apart=self._apart is not None,
            )
            for number in range(self._order.crews)
        ]

    def _empty_account(self) -> Account:
        return Books(self._run, self._room_ids, self._cast.schedule, clock_ms).account

    def _record(
        self, started_at: str, played: _Played, account: Account, found: Reconciliation
    ) -> Record:
        scenario, crews = self._scenario, self._seconds.processes()
        figures = {
            **timed(self._seconds.latencies),
            **counted(account, self._cast.schedule, played.seconds),
            **reconciled(found),
            **self._watch.figures(),
            **self._generator_figures(played),
            "viewers.asked": account.counts["called"] if self._apart else scenario.viewers,
            "viewers.peak": self._seconds.peak,
            "rooms.unsettled": len(self._room_ids) - len(played.ends),
            "generator.cpu_pct_max": max(crew.cpu_pct for crew in crews),
        }
        objectives = judge_objectives(scenario.objectives, figures)
        counts = account.counts
        generator = Generator(played.losses, counts["own_failures"], counts["turned_away"])
        verdict, reasons = judge(figures, objectives, generator)
        return Record(
            run=self._run,
            started_at=started_at,
            url=self._order.url,
            workload=scenario.workload(),
            scenario=scenario.as_json(),
            source=scenario.text,
            seconds=round(played.seconds, 1),
            verdict=verdict,
            reasons=reasons,
            notes=list(notes(figures, played.seconds, scenario.duration_s)),
            objectives=objectives,
            figures={name: float(value) for name, value in figures.items()},
            series=self._timeline.as_series(),
            distributions=distributions(self._seconds.latencies),
            machine=read_machine(),
            generator=crews,
            server=self._watch.processes(),
            stores=self._watch.stores(),
            bottleneck=None if verdict is Verdict.PASS else name_bottleneck(self._watch.moments()),
            examples=found.examples,
        )

    def _generator_figures(self, played: _Played) -> dict[str, float]:
        memory = [each.bytes_per_viewer for each in played.entered]
        return {
            "generator.crews_lost": len(played.losses),
            "generator.bytes_per_viewer": max(memory, default=0.0),
        }


@asynccontextmanager
async def _stopping(crews: Crews) -> AsyncIterator[None]:
    """End the show on the first Ctrl-C; what was sent is still checked and reported."""

    async def watch(stop: asyncio.Event) -> None:
        await stop.wait()
        await crews.stop()
        await asyncio.Event().wait()

    with until_interrupted() as stop:
        async with alongside(watch(stop)):
            yield

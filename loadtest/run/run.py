"""`loadtest run`: one run from the first HTTP call to the result.

The only module that knows all others. Invariant: whatever happens after viewers were let in, they
are asked to leave before this returns.
"""

import asyncio
import secrets
import time
from random import Random

from rich.console import Console

from ..alongside import alongside, clock_ms, sweep, until_interrupted
from ..books.books import Books
from ..books.purchases import limit_per_buyer
from ..client.api import Api, Unreachable, all_of, open_session
from ..client.audience import Audience, connector, gather_audience
from ..client.credentials import TOKEN_MARGIN_S, Mint
from ..client.viewer import Connect
from ..crew.lag import watch_lag
from ..crew.pacing import pace
from ..crew.schedule import Kind, Timetable, in_order, timetable
from ..crew.sending import Sender
from ..process import allow_files, spare_collector
from .drain import End, drain, settle
from .findings import sum_up
from .plan import Plan
from .progress import Progress
from .reconcile import Reconciler
from .result import Generator, Result
from .stage import Stage, cheapest_gift, fill_wallets, open_room, topups_minor

SETTLED_S = 0.5
"""Between the last viewer's entry and the first action."""


async def run(plan: Plan, mint: Mint, console: Console) -> Result:
    """Prepare, measure, drain and reconcile.

    Raises `Unreachable`, `Refusal` when the server does not let us prepare, and `TooFewFiles`.
    """
    allow_files(plan.viewers)
    async with open_session() as session:
        api = Api(session, plan.url)
        await api.reach()
        return await _Run(plan, mint, api, console).carry_out()


def timetables(plan: Plan) -> dict[Kind, Timetable]:
    """The whole schedule of a plan; equal plans have equal schedules."""
    random = Random(plan.seed)
    rates = {
        Kind.COMMENT: plan.comments_per_s,
        Kind.GIFT: plan.gifts_per_s,
        Kind.ORDER: plan.orders_per_s,
    }
    return {
        kind: timetable(
            kind,
            rate_per_s=rate,
            duration_s=plan.duration_s,
            viewers=plan.viewers,
            random=random,
        )
        for kind, rate in rates.items()
    }


class _Run:
    """One run under way."""

    def __init__(self, plan: Plan, mint: Mint, api: Api, console: Console) -> None:
        self._plan = plan
        self._mint = mint
        self._api = api
        self._console = console
        self._ttl_s = plan.duration_s + TOKEN_MARGIN_S

    async def carry_out(self) -> Result:
        plan = self._plan
        tables = timetables(plan)
        stage = await self._prepare(tables)
        books = Books(stage.run, stage.room_ids, tables, clock_ms)
        connect = connector(plan.url, books)
        audience = gather_audience(
            plan.viewers, books, self._mint, connect, ttl_s=self._ttl_s, seed=plan.seed
        )
        try:
            generator, ends = await self._measure(audience, books, stage, connect)
        finally:
            await audience.leave()
        settle(books, audience, ends)
        self._console.print("checking the ledger")
        ledger = await Reconciler(self._api, self._mint, books, stage, self._ttl_s).reconcile()
        return sum_up(plan, books, audience, ends, ledger, generator)

    async def _prepare(self, tables: dict[Kind, Timetable]) -> Stage:
        self._console.print("preparing rooms and wallets")
        run_id = secrets.token_hex(4)
        gift = await cheapest_gift(self._api)
        stage = Stage(
            run=run_id,
            room_ids=[f"{run_id}-r{number}" for number in range(self._plan.rooms)],
            gift=gift,
            topups_minor=topups_minor(
                tables[Kind.GIFT].counts(), tables[Kind.ORDER].counts(), gift
            ),
        )
        limit = limit_per_buyer(max(tables[Kind.ORDER].counts().values(), default=0))
        await all_of(
            open_room(self._api, self._mint, room, limit_per_buyer=limit, ttl_s=self._ttl_s)
            for room in stage.room_ids
        )
        await fill_wallets(self._api, stage, self._mint, ttl_s=self._ttl_s)
        return stage

    async def _measure(
        self, audience: Audience, books: Books, stage: Stage, connect: Connect
    ) -> tuple[Generator, dict[str, End]]:
        """Let the audience in, carry out the schedule, and wait for what is under way."""
        progress = Progress(self._console, books, audience)
        async with alongside(progress.show(), sweep(books)):
            await audience.enter()
            if not audience.in_count:
                raise Unreachable(f"no viewer got in: {dict(books.entry_failures)}")
            spare_collector()
            await asyncio.sleep(SETTLED_S)
            progress.phase = "sending"
            generator = await _send_all(
                books, Sender(books, audience, stage.gift), self._plan.duration_s
            )
            progress.phase = "draining"
            return generator, await drain(books, audience, connect)


async def _send_all(books: Books, sender: Sender, duration_s: float) -> Generator:
    frames, decoded, cpu_s = books.frames, books.frames_decoded, time.process_time()
    books.start_ms = clock_ms()
    actions = in_order(list(books.tables.values()))
    async with alongside(watch_lag(books)):
        with until_interrupted() as stop:
            await pace(actions, duration_s * 1000, sender.send, books, stop)
    sending_s = (clock_ms() - books.start_ms) / 1000
    return Generator(
        cpu_share=(time.process_time() - cpu_s) / sending_s,
        frames=books.frames - frames,
        frames_decoded=books.frames_decoded - decoded,
        sending_s=sending_s,
    )

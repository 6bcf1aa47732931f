"""`loadtest checkout`: one run from the first HTTP call to the result.

The only module here that knows all others. The ledger's ceiling comes last: its entries are orders
of the same buyers, so what these were told must have been compared before. Invariant: whatever
happens after connections were opened, buyers and watchers are asked to leave before this returns.
"""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from rich.console import Console

from ..alongside import alongside, clock_ms, sweep, until_interrupted
from ..books.books import Books
from ..books.latency import Measure
from ..books.purchases import CURRENCY, OFFERS, Line
from ..client.api import Api, Unreachable, open_session
from ..client.audience import Audience, connector, gather_audience
from ..client.credentials import TOKEN_MARGIN_S, Mint
from ..client.viewer import Connect
from ..crew.lag import watch_lag
from ..crew.messages import End, Gift, Standing
from ..process import allow_files, spare_collector
from ..run.drain import drain
from ..run.reconcile import Reconciler, Reconciliation
from ..run.stage import Stage, fill_wallets, open_room
from ..scenario.schedule import Schedule
from .buyer import Buyer, Desk
from .crowd import let_go, let_in
from .form import OrderForm
from .loops import keep_pace, saturate
from .memory import Memory
from .phases import carry_out
from .plan import CheckoutPlan
from .result import CheckoutResult, LedgerMemory, Phase
from .sight import Sight

OFFER = OFFERS[0]
LINE = Line(OFFER.offer, 1, OFFER.price_minor)
"""One piece an order, so that pieces are orders."""
WALLET_MINOR = 10**10
"""Pays for three million orders of one buyer."""
PACED_SHARE = 0.8
"""Of the saturation's rate: where a server is meant to be used."""
SATURATION_LATENCY = "its sending, with one order under way on each connection"
PACED_LATENCY = "its intended moment"


async def run(plan: CheckoutPlan, mint: Mint, console: Console) -> CheckoutResult:
    """Prepare, measure, reconcile, and measure the ledger alone.

    Raises `Unreachable`, `Refusal` when the server does not let us prepare, and `TooFewFiles`.
    """
    allow_files(plan.connections + plan.watchers)
    async with open_session() as session:
        api = Api(session, plan.url)
        await api.reach()
        return await _Run(plan, mint, api, console).carry_out()


class _Measured(NamedTuple):
    saturation: Phase
    paced: Phase
    paced_per_s: float
    connected: int
    memory: LedgerMemory | None


class _Run:
    """One run under way."""

    def __init__(self, plan: CheckoutPlan, mint: Mint, api: Api, console: Console) -> None:
        self._plan = plan
        self._mint = mint
        self._api = api
        self._console = console
        self._ttl_s = 2 * plan.duration_s + TOKEN_MARGIN_S
        self._run = secrets.token_hex(4)
        self._room = f"{self._run}-r0"
        self._books = _empty_books(self._run, self._room)
        self._desk = Desk(OrderForm(self._run, self._room, LINE), self._books)
        self._connect: Connect = connector(plan.url, self._books)
        viewers = range(plan.watchers, plan.watchers + plan.connections)
        self._buyers = [Buyer(each, self._room, WALLET_MINOR, self._desk) for each in viewers]

    async def carry_out(self) -> CheckoutResult:
        async with aclosing(Sight(self._plan.data_dir)) as sight:
            stage = await self._prepare()
            audience = self._audience()
            try:
                measured, ends = await self._measure(audience, sight)
            finally:
                await let_go(self._buyers)
                await audience.leave()
            _settle(self._books, audience, ends)
            self._say("checking the ledger")
            ledger = await self._reconcile(stage)
            self._say("measuring the ledger alone")
            rate_per_s = measured.saturation.acknowledged_per_s
            ceiling = await sight.ceiling(self._run, self._room, rate_per_s)
            return CheckoutResult(
                **self._told(),
                **measured._asdict(),
                appendfsync=await sight.appendfsync(),
                ceiling=ceiling,
                left_out=sight.left_out,
                rooms_unsettled=1 - len(ends),
                ledger=ledger,
            )

    async def _prepare(self) -> Stage:
        self._say("preparing a room and wallets")
        topups = {buyer.viewer: {CURRENCY: WALLET_MINOR} for buyer in self._buyers}
        stage = Stage(self._run, [self._room], Gift("", 0), topups)
        await open_room(
            self._api,
            self._mint,
            self._room,
            [OFFER],
            ttl_s=self._ttl_s,
        )
        await fill_wallets(self._api, stage, self._mint, ttl_s=self._ttl_s)
        return stage

    def _audience(self) -> Audience:
        plan = self._plan
        return gather_audience(
            plan.watchers, self._books, self._mint, self._connect, ttl_s=self._ttl_s, seed=plan.seed
        )

    async def _measure(self, audience: Audience, sight: Sight) -> tuple[_Measured, dict[str, End]]:
        """Let everybody in, carry out both phases, and wait until the watchers have seen it."""
        async with alongside(sweep(self._books), watch_lag(self._books)):
            connected = await self._let_in(audience)
            spare_collector()
            before = await sight.memory()
            with until_interrupted() as stop:
                saturation = await self._saturation(stop)
                per_s = self._plan.orders_per_s or PACED_SHARE * saturation.acknowledged_per_s
                paced = await self._paced(per_s, stop)
            after = await sight.memory()
            self._note_receipts()
            ends = await drain(self._books, self._connect, partial(_ask, self._books, audience))
        memory = _grown(before, after, saturation.acknowledged + paced.acknowledged)
        return _Measured(saturation, paced, per_s, connected, memory), ends

    async def _let_in(self, audience: Audience) -> int:
        connected = await let_in(
            self._buyers, self._books, self._connect, self._mint, ttl_s=self._ttl_s
        )
        await audience.enter()
        if not connected:
            raise Unreachable(f"no buyer got in: {dict(self._books.account.entry_failures)}")
        return connected

    async def _saturation(self, stop: asyncio.Event) -> Phase:
        duration_s = self._plan.duration_s
        self._say(f"saturating for {duration_s:g} s: one order under way on each connection")
        return await self._phase(
            saturate(self._desk, self._buyers, duration_s, stop), SATURATION_LATENCY
        )

    async def _paced(self, per_s: float, stop: asyncio.Event) -> Phase:
        plan = self._plan
        self._say(f"ordering {per_s:,.0f} times a second for {plan.duration_s:g} s")
        ordering = keep_pace(self._desk, self._buyers, per_s, plan.duration_s, plan.seed, stop)
        return await self._phase(ordering, PACED_LATENCY)

    async def _phase(self, ordering: Any, latency_counts_from: str) -> Phase:
        return await carry_out(
            self._desk,
            self._buyers,
            ordering,
            latency_counts_from=latency_counts_from,
            data_dir=self._plan.data_dir,
        )

    def _note_receipts(self) -> None:
        """What buyers were told, for the books that watchers and ledger are compared with."""
        receipts = self._books.account.receipts
        for buyer in self._buyers:
            receipts.orders += buyer.receipts()
            receipts.unknown_orders += buyer.unknown_purchases()

    async def _reconcile(self, stage: Stage) -> Reconciliation:
        """Every sum, and each buyer's last order by itself."""
        account, stocks = self._books.account, {(self._room, OFFER.offer): OFFER.stock}
        reconciler = Reconciler(self._api, self._mint, account, stage, stocks, self._ttl_s)
        lasts = [receipt for buyer in self._buyers for receipt in buyer.last_receipt()]
        await reconciler.check_orders(lasts)
        return await reconciler.check_sums()

    def _told(self) -> dict[str, Any]:
        """What buyers and watchers noted."""
        account, wrongs, buyers = self._books.account, self._desk.wrongs, self._buyers
        return {
            "run": self._run,
            "plan": {**asdict(self._plan), "data_dir": str(self._plan.data_dir or "")},
            "reliable": account.tally,
            "event_mismatches": account.sightings.mismatches,
            "updates": sum(buyer.updates.count for buyer in buyers),
            "updates_missing": sum(buyer.updates.missing for buyer in buyers),
            "updates_unclaimed": sum(buyer.updates.unclaimed for buyer in buyers),
            "balances": sum(buyer.balances for buyer in buyers),
            "wrongs": dict(wrongs.counts),
            "wrong_examples": wrongs.examples,
            "errors": dict(account.errors),
            "close_codes": {str(code): number for code, number in account.close_codes.items()},
            "unreadable": account.counts["unreadable"],
            "loop_lag_ms": account.latencies.summary(Measure.LOOP_LAG),
            "sent_late_ms": account.latencies.summary(Measure.SENT_LATE),
        }

    def _say(self, what: str) -> None:
        self._console.print(what, markup=False)


def _empty_books(run_id: str, room: str) -> Books:
    """Books for watchers who neither comment nor give; orders are numbered by the desk."""
    return Books(run_id, [room], Schedule(), clock_ms)


async def _ask(
    books: Books, audience: Audience, ends: Mapping[str, End], wants_account: bool
) -> list[Standing]:
    """How the watchers stand."""
    books.sweep(settle_ms=0)
    account, places = books.account, [viewer.place for viewer in audience.viewers]
    last = max((end.seq for end in ends.values()), default=0)
    return [
        Standing(
            open_count=account.receipts.open_count,
            changes=account.tally.delivered + account.tally.lost,
            is_complete=all(place.is_in for place in places),
            has_reached=all(place.seq >= last and not place.is_awaiting for place in places),
            account=account if wants_account else None,
        )
    ]


def _settle(books: Books, audience: Audience, ends: Mapping[str, End]) -> None:
    """Close every watcher's account where the room ends."""
    books.sweep(settle_ms=-1)
    for viewer in audience.viewers:
        end = ends.get(viewer.room_id, End(viewer.place.epoch or "", viewer.place.seq))
        viewer.settle(end.epoch, end.seq)


def _grown(before: Memory | None, after: Memory | None, orders: int) -> LedgerMemory | None:
    if before is None or after is None or not orders:
        return None
    return LedgerMemory(
        bytes_per_order=(after.used_bytes - before.used_bytes) / orders,
        bytes_per_journal_line=after.bytes_per_line,
        bytes_per_million_lines=after.bytes_per_line * 1e6,
    )

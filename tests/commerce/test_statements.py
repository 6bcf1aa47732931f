"""Statements of whole markets: whatever people did, every cent of everybody is told, and once."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from livesrv.commerce import payouts
from livesrv.ledger.archive import Archive
from livesrv.ledger.audit import audit
from livesrv.ledger.entry import GIFTS_UNSETTLED, ORDERS_UNSETTLED
from livesrv.ledger.statement import party_accounts
from livesrv.ledger.store import Ledger, install
from livesrv.ledger.take import Take
from livesrv.refusal import Refused
from tests.embedded import open_ledger, running
from tests.ledger.books import archiver
from tests.ledger.statements import EVER_MS, Told, balances, tell
from tests.seeding import ROUNDS, SEED

from .market import OPS, Market
from .terms import NOW_MS, terms

TERMS = terms(
    gift_card_bps={"platform": 3000, "agency": 1111, "tax": 333, "host": 5556},
    order_card_bps={"platform": 777, "host": 1313, "broker": 500, "promoter": 250, "tax": 99},
    payout_tax_bps=1234,
)
PARTIES = ("@platform", "@tax", "mei", "sun", "ann", "bo", "pia")
BUYERS = ("lan", "mo")


class Trading:
    """A market in which what happens next is drawn by a seed; what is refused has not happened."""

    def __init__(self, ledger: Ledger, archive: Archive, seed: int) -> None:
        self.market = Market(ledger, TERMS)
        self.archive = archive
        self.chance = random.Random(seed)
        self.orders: list[str] = []

    async def open(self) -> None:
        """In one room mei sells sun's goods, found by bo; in the other ann sells her own."""
        market = self.market
        await market.room("hill", host="mei")
        await market.room("lake", host="ann")
        await market.party("mei", agency="pia")
        await market.consent("sun", "bo")
        await market.consent("bo", "mei")
        await market.offer(
            "peach", room="hill", seller="sun", broker="bo", price_minor=2990, stock=999
        )
        await market.offer("fish", room="lake", by="ann", price_minor=101, stock=999)
        for buyer in BUYERS:
            await market.fund(buyer, 600_000)
            await market.fund(buyer, 3_000, "COIN")
        rate = payouts.NewCoinRate(currency="CNY", from_ms=NOW_MS - 1, minor_per_1000=333)
        await payouts.add_coin_rate(market.ledger, OPS, rate)

    async def step(self) -> None:
        steps = (
            self.order,
            self.order,
            self.held,
            self.give,
            self.give,
            self.move,
            self.move,
            self.refund,
            self.refund,
            self.pay_out,
            self.market.settle,
            self.pass_time,
            self.seal,
        )
        with suppress(Refused):
            await self.chance.choice(steps)()

    async def order(self) -> None:
        room, offer = self.chance.choice([("hill", "peach"), ("lake", "fish")])
        placed = await self.market.buy(
            self.chance.choice(BUYERS),
            (offer, self.chance.randint(1, 3)),
            room=room,
            promoter=self.chance.choice([None, "lan", "pia"]),
        )
        self.orders.append(placed.order)

    async def held(self) -> None:
        order = await self.market.hold("mo", ("fish", 1), room="lake")
        self.orders.append(order)
        if self.chance.random() < 0.8:
            await self.market.paid(order, f"p{len(self.orders)}")

    async def give(self) -> None:
        room = self.chance.choice(["hill", "lake"])
        await self.market.give(self.chance.choice(BUYERS), self.chance.randint(1, 99), room=room)

    async def move(self) -> None:
        order = self.chance.choice(self.orders or ["none"])
        match self.chance.randint(0, 3):
            case 0:
                await self.market.cancel(order, by=self.seller(order))
            case 1:
                await self.market.ship(order, by=self.seller(order))
            case _:
                await self.market.deliver(order, by=self.seller(order))

    def seller(self, order: str) -> str:
        return self.chance.choice(["mei", "ann"])

    async def refund(self) -> None:
        order = self.chance.choice(self.orders or ["none"])
        amount = self.chance.choice([None, self.chance.randint(1, 400)])
        await self.market.refund(order, amount, by=self.seller(order))

    async def pay_out(self) -> None:
        party = self.chance.choice(PARTIES[2:])
        if self.chance.random() < 0.5:
            await self.market.pay_out(party, self.chance.randint(1, 300), "COIN", into="CNY")
        else:
            await self.market.pay_out(party, self.chance.randint(1, 3000))

    async def pass_time(self) -> None:
        await self.market.pass_ms(self.chance.choice([1, 70_000, TERMS.return_window_ms]))

    async def seal(self) -> None:
        sealing = archiver(self.market.ledger, self.archive, keep_lines=10)
        while await sealing.seal(7):
            continue
        await sealing.trim()


@settings(
    max_examples=12 * ROUNDS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.generate],  # a shorter trade of another seed is another trade
)
@given(seed=st.integers(0, 2**32), count=st.integers(40, 200))
def test_statements_of_any_market_add_up_chain_and_come_to_the_store(
    seed: int, count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(trade(seed * 1_000 + SEED, count, tmp_path_factory.mktemp("trade")))


async def trade(seed: int, count: int, directory: Path) -> None:
    async with running("ledger", directory) as store, open_ledger(store.url) as ledger:
        await install(ledger.store)
        trading = Trading(ledger, Archive(directory / "archive"), seed)
        await trading.open()
        for _ in range(count):
            await trading.step()
        await trading.market.settle()
        assert (await audit(ledger.store, trading.archive)).breaches == []
        books = Books(trading, await balances(ledger.store))
        await books.check_everybody()
        await books.check_periods()
        await books.check_pages()
        await books.check_what_left_unsettled()
        await books.check_take()


class Books:
    """What must hold of the statements of one market. `held` is every balance of the store."""

    def __init__(self, trading: Trading, held: dict[tuple[str, str], int]) -> None:
        self.trading = trading
        self.held = held

    async def tell(self, *accounts: str, **asked: int) -> Told:
        store = self.trading.market.ledger.store
        return await tell(store, self.trading.archive, *accounts, **asked)  # type: ignore[arg-type]

    async def check_everybody(self) -> None:
        """Beginning with nothing, every account comes to what the store has of it."""
        for party in (*PARTIES, *BUYERS):
            told = await self.tell(*party_accounts(party))
            assert set(told.opening.values()) <= {0}
            for pair, balance in told.closing.items():
                assert balance == self.held.get(pair, 0), pair
            accounts = set(party_accounts(party))
            missing = {pair for pair in self.held if pair[0] in accounts} - told.closing.keys()
            assert not missing

    async def check_periods(self) -> None:
        """Cut anywhere, each period begins where the one before it has ended."""
        for party in PARTIES:
            accounts = party_accounts(party)
            whole = await self.tell(*accounts)
            moments = sorted({line.at_ms for line in whole.lines})
            cuts = sorted(self.trading.chance.sample(moments, min(3, len(moments))))
            edges = [0, *cuts, EVER_MS]
            periods = [
                await self.tell(*accounts, from_ms=begins, to_ms=ends)
                for begins, ends in pairwise(edges)
            ]
            for before, after in pairwise(periods):
                assert before.closing == after.opening
            assert [line for each in periods for line in each.lines] == whole.lines

    async def check_pages(self) -> None:
        """Page by page a statement is the same, and each page begins where the last one ended."""
        accounts = party_accounts("@platform")
        whole = await self.tell(*accounts)
        lines, behind, opening = [], 0, whole.opening
        while True:
            page = await self.tell(*accounts, behind=behind, lines_max=5)
            assert page.opening == opening
            lines += page.lines
            if page.next is None:
                break
            assert len(page.lines) >= 5
            behind, opening = page.next, page.closing
        assert lines == whole.lines

    async def check_what_left_unsettled(self) -> None:
        """What all parties earned is what left the unsettled accounts, sale by sale."""
        earned: Counter[tuple[int, str]] = Counter()
        accounts = {account for account, _ in self.held if account.startswith("pending:")}
        for account in accounts:
            for line in (await self.tell(account)).lines:
                if line.kind == "commission":
                    earned[line.sale_place, line.currency] += line.amount_minor
        left: Counter[tuple[int, str]] = Counter()
        for account in (ORDERS_UNSETTLED, GIFTS_UNSETTLED):
            for line in (await self.tell(account)).lines:
                if line.kind == "commission":
                    left[line.sale_place, line.currency] -= line.amount_minor
        assert earned == left

    async def check_take(self) -> None:
        """The platform, which is never paid out, holds what it took; from each room its part."""
        take = Take()
        told = await self.tell("pending:@platform", "available:@platform")
        lines = [each for line in told.lines for each in take.feed(line)] + list(take.finish())
        for currency in ("CNY", "COIN"):
            accounts = ("pending:@platform", "available:@platform")
            held = [self.held.get((account, currency), 0) for account in accounts]
            taken = [line.take_minor for line in lines if line.currency == currency]
            assert sum(taken) == sum(held)
        assert {line.room for line in lines} <= {"hill", "lake"}
        for line in lines:
            parts = line.orders_minor + line.gifts_minor + line.refunds_minor
            assert line.take_minor == parts

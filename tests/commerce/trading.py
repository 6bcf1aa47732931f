"""What people do in a market of two workers, and what came in and went out meanwhile.

Each deed checks its own answer: what the table of moves allows happens, and nothing else.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from livesrv.commerce import payments
from livesrv.commerce.order_states import MOVES, OrderSheet
from livesrv.commerce.orders import Placed
from livesrv.commerce.payments import RETRY_MAX_MS
from livesrv.commerce.payouts import NewCoinRate, add_coin_rate
from livesrv.commerce.providers import RETURNS_RANKING, Return, return_register
from livesrv.ledger.audit import audit
from livesrv.ledger.store import BALANCES_KEY, Ledger, install
from livesrv.refusal import Refused
from protocol.codes import ErrorCode
from tests.embedded import RunningStore, open_ledger

from .conservation import Balances, Outside, differences
from .market import OPS, Market
from .terms import terms

BUYERS = ("lan", "bo", "mei")
"""mei is the host as well."""
OFFERS = ("peach", "plum", "kiwi")
CARD_ROLES = ("platform", "host", "broker", "agency", "promoter", "tax")
DAY_MS = 86_400_000
UNDERSTOOD = (ErrorCode.SOLD_OUT, ErrorCode.INSUFFICIENT_FUNDS, ErrorCode.LIMIT_EXCEEDED)
SETTINGS = {"payout_tax_bps": 700, "quick_order_followers_min": 0, "payment_hold_s": 600}
BY_THE_CLOCK = {"expired": "expire", "delivered": "deliver", "settled": "settle"}

T = TypeVar("T")


class Bench:
    """One real store, two workers at a time, and the event loop that all of this runs on."""

    def __init__(self, directory: Path) -> None:
        self._runner = asyncio.Runner()
        self.store = RunningStore("ledger", directory)
        self.run(self.store.start())
        self.done: Counter[str] = Counter()

    def run(self, doing: Awaitable[T]) -> T:
        async def do() -> T:
            return await doing

        return self._runner.run(do())

    def close(self) -> None:
        self.run(self.store.kill())
        self._runner.close()


class Trading:
    """An empty ledger, and all that people do in its market. A `pick` chooses worker and order."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.outside = Outside()
        self.orders: list[str] = []
        self.placed: list[tuple[dict[str, Any], Placed]] = []
        self.stack = AsyncExitStack()
        self.workers: list[Market] = []
        self.run(self._open())

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.bench.run(doing)

    def note(self, what: str) -> None:
        self.bench.done[what] += 1

    async def _open(self) -> None:
        for _ in range(2):
            ledger: Ledger = await self.stack.enter_async_context(open_ledger(self.bench.store.url))
            self.workers.append(Market(ledger, terms(**SETTINGS)))
        market, rival = self.workers
        await market.ledger.store.flushall()
        await install(market.ledger.store)
        rival.prices = market.prices
        await market.room()
        await market.party("mei", agency="star")
        for owner, seller in (("sam", "bea"), ("bea", "mei"), ("sam", "mei")):
            await market.consent(owner, seller)
        whose: dict[str, dict[str, Any]] = {
            "peach": {},
            "plum": {"seller": "sam", "broker": "bea", "limit_per_buyer": 4},
            "kiwi": {"seller": "sam", "price_minor": 7},
        }
        for offer, fields in whose.items():
            await market.offer(offer, **fields)
            self.outside.stocked["r", offer] += 10
        for user in BUYERS:
            for currency in ("CNY", "COIN"):
                await market.fund(user, 20_000, currency)
                self.outside.topped_up[currency] += 20_000
        rate = NewCoinRate(currency="CNY", from_ms=0, minor_per_1000=70_000)
        await add_coin_rate(market.ledger, OPS, rate)

    # --- what there is to pick from

    def worker(self, pick: int) -> Market:
        return self.workers[pick % 2]

    def latest(self, pick: int) -> str | None:
        """One of the latest orders."""
        latest = self.orders[-8:]
        return latest[pick % len(latest)] if latest else None

    async def sheets(self) -> list[OrderSheet]:
        return [await self.workers[0].order(order) for order in self.orders]

    # --- orders

    def buy(self, pick: int, buyer: str, quantity: int) -> None:
        offer = OFFERS[pick % 3]
        self._place(pick, buyer, {"lines": ((offer, quantity),)}, "wallet")

    def hold(self, pick: int, buyer: str, quantity: int) -> None:
        lines = ((OFFERS[1 + pick % 2], quantity), (OFFERS[1 + pick % 2], 1))
        self._place(pick, buyer, {"lines": lines}, "pay")

    def accept_a_private_price(self, pick: int, quantity: int, price: int) -> None:
        market, offer = self.worker(pick), OFFERS[pick % 3]
        seller = "mei" if offer == "peach" else "sam"
        deal = market.fresh("d")
        fields: dict[str, Any] = {"offer": offer, "quantity": quantity, "price_minor": price}
        made = self.run(market.deal(deal, by=seller, carriage_minor=price % 3, **fields))
        wanted = {
            "lines": ((offer, quantity),),
            "total": made.total_minor,
            "private_price": deal,
        }
        if self._place(pick, "lan", wanted, ("wallet", "pay")[pick % 4 // 2]):
            self.note("deal")

    def _place(self, pick: int, buyer: str, wanted: dict[str, Any], payment: str) -> bool:
        market = self.worker(pick)
        promoter = ("pia", None, "mei")[pick % 7 % 3]
        wanted = {
            "buyer": buyer,
            "key": market.fresh("k"),
            "payment": payment,
            "promoter": promoter if promoter != buyer else None,
            "total": sum(market.prices["r", offer] * n for offer, n in wanted["lines"]),
            **wanted,
        }
        placed = self.run(place(market, wanted))
        if placed is None:
            return False
        assert not placed.duplicate
        assert placed.status == ("paid" if payment == "wallet" else "held")
        self.orders.append(placed.order)
        self.placed.append((wanted, placed))
        self.note("buy" if payment == "wallet" else "hold")
        return True

    def send_an_order_again(self, pick: int) -> None:
        if self.placed:
            wanted, first = self.placed[pick % len(self.placed)]
            again = self.run(place(self.worker(pick), wanted))
            assert again is not None
            assert (again.order, again.status, again.duplicate) == (first.order, first.status, True)
            self.note("buy again")

    def move(self, pick: int, move: str) -> None:
        if order := self.latest(pick):
            act: Callable[..., Awaitable[OrderSheet]] = getattr(self.worker(pick), move)
            self.moves(order, move, act(order))

    def refund(self, pick: int, percent: int) -> None:
        if order := self.latest(pick):
            sheet = self.run(self.workers[0].order(order))
            left = sheet.total_minor - sheet.refunded_minor
            amount = max(1, left * percent // 100)
            self.moves(order, "refund", self.worker(pick).refund(order, amount))

    def moves(self, order: str, move: str, doing: Awaitable[object]) -> None:
        """What the table allows happens, and nothing else; done twice is done once."""
        before = self.run(self.workers[0].order(order)).status
        allowed = MOVES[before]
        try:
            self.bench.run(doing)
        except Refused as refusal:
            if refusal.code is not ErrorCode.CONFLICT or move in allowed:
                raise
            return
        after = self.run(self.workers[0].order(order)).status
        if move in allowed:
            ends = {allowed[move], before} if move == "refund" else {allowed[move]}
            assert after in ends
            self.note(move)
        else:
            assert (before, after) == (
                after,
                {"ship": "shipped", "deliver": "delivered"}.get(move, "cancelled"),
            )

    # --- webhooks

    def tell_of_a_payment(self, pick: int, payment: int, wrong: int) -> None:
        if not (order := self.latest(pick)):
            return
        sheet = self.run(self.workers[0].order(order))
        name = f"{order}-{payment}-{wrong}"
        amount = sheet.total_minor + wrong
        event = self.worker(pick).paid(order, name, amount_minor=amount)
        if sheet.provider == "wallet":
            with pytest.raises(Refused):
                self.run(event)
            return
        taken = self.run(event)
        if name in self.outside.payments:
            assert taken.returned == (name in self.outside.unwanted)
            return
        self.outside.payments[name] = amount
        if taken.returned:
            self.outside.unwanted[name] = amount
            self.note("returned")
        else:
            assert "pay" in MOVES[sheet.status]
            assert not wrong
            self.note("paid")

    def tell_of_a_failure(self, pick: int) -> None:
        if order := self.latest(pick):
            sheet = self.run(self.workers[0].order(order))
            if sheet.provider != "wallet":
                taken = self.run(self.worker(pick).failed(order))
                assert taken.status == MOVES[sheet.status].get("expire", sheet.status)
                self.note("failed")

    def send_money_back(self, pick: int) -> None:
        self.run(self._send_back(self.worker(pick), 1 + pick % 3, is_answered=pick % 4 > 0))

    async def _send_back(self, market: Market, count: int, *, is_answered: bool) -> int:
        due = await market.ledger.upto(RETURNS_RANKING, market.now_ms + RETRY_MAX_MS, count)
        for return_id in due:
            if not is_answered:
                await payments.postpone(market.ledger, return_id, market.now_ms)
                continue
            name = return_register(return_id)
            owed = (await market.ledger.read([name]))[name].read(Return)
            for worker in self.workers:
                await payments.note_sent(worker.ledger, return_id)
            self.outside.sent_back += owed.amount_minor
            self.note("send_back")
        return len(due)

    # --- everything else

    def give(self, pick: int, giver: str, count: int) -> None:
        self.run(self.worker(pick).give(giver, count))
        self.note("give")

    def pay_out(self, pick: int, party: str) -> None:
        market = self.worker(pick)
        for asset in ("CNY", "COIN"):
            (available,) = self.run(market.earned(party, asset=asset, of="available"))
            with pytest.raises(Refused):
                self.run(market.pay_out(party, max(available, 0) + 1, asset, into=_into(asset)))
            if available > 0:
                amount = 1 + pick % available
                paid = self.run(market.pay_out(party, amount, asset, into=_into(asset))).payout
                self.outside.paid_out[asset] += amount
                self.outside.coins_sold_for += paid.gross_minor if asset == "COIN" else 0
                self.note("turn_coins" if asset == "COIN" else "pay_out")

    def restock(self, pick: int, offer: str) -> None:
        market = self.worker(pick)
        key, added = market.fresh("k"), 1 + pick % 5
        for worker in self.workers:
            self.run(worker.change(offer, restock=added, key=key))
        self.outside.stocked["r", offer] += added
        self.note("restock")

    def change_terms(self, pick: int, offer: str, price: int) -> None:
        market = self.worker(pick)
        limit = (None, 3, 6, 4)[pick % 4]
        self.run(market.change(offer, price_minor=price, limit_per_buyer=limit))
        market.prices["r", offer] = price
        self.note("change")

    def change_card(self, pick: int, rates: list[int]) -> None:
        scopes = [("default", None), ("host", "mei"), ("seller", "sam"), ("offer", "r/plum")]
        card: dict[str, Any] = dict(zip(CARD_ROLES, rates, strict=True))
        self.run(self.worker(pick).card(*scopes[pick % 4], **card))
        self.note("card")

    def post_commission(self, pick: int) -> None:
        self.run(self.worker(pick).settle())

    def pass_time(self, pick: int, ms: int) -> None:
        before = {sheet.order: sheet.status for sheet in self.run(self.sheets())}
        for worker in self.workers:
            worker.now_ms += ms
        self.run(self._look(pick))
        for sheet in self.run(self.sheets()):
            if before[sheet.order] != sheet.status:
                self.note(BY_THE_CLOCK[sheet.status])

    async def _look(self, pick: int) -> None:
        await asyncio.gather(*(worker.clockwork().look() for worker in self.workers))
        await self.worker(pick).pass_ms(0)

    # --- what must hold

    def check(self) -> None:
        assert self.run(self._wrong()) == []

    async def _wrong(self) -> list[str]:
        store = self.workers[0].ledger.store
        found = differences(await _balances(store), await self.sheets(), self.outside)
        return [*found, *(await audit(store)).breaches]

    def finish(self) -> None:
        """Bring everything to its end; then nothing is left over."""
        self.check()
        self.run(self._bring_to_an_end())
        self.check()
        self.run(self.stack.aclose())

    async def _bring_to_an_end(self) -> None:
        """All that waits for time, the provider or the accountant has come: nothing is pending."""
        market = self.workers[0]
        while await self._send_back(market, 50, is_answered=True):
            continue
        for order in self.orders:
            if await market.status(order) == "paid":
                await market.ship(order)
        await market.settle()
        for _ in range(3):
            await market.pass_ms(11 * DAY_MS)
        ends = {"expired", "cancelled", "refunded", "settled"}
        assert {sheet.status for sheet in await self.sheets()} <= ends
        left = {
            name: amount
            for name, amount in (await _balances(market.ledger.store)).items()
            if name[0].partition(":")[0] in ("pending", "orders", "gifts", "held", "returns")
        }
        assert not any(left.values()), left


async def place(market: Market, wanted: dict[str, Any]) -> Placed | None:
    """Place an order; None where it is refused for a reason that a buyer can understand."""
    fields = dict(wanted)
    try:
        return await market.buy(fields.pop("buyer"), *fields.pop("lines"), **fields)
    except Refused as refusal:
        if refusal.code not in UNDERSTOOD:
            raise
        return None


def _into(asset: str) -> str | None:
    return "CNY" if asset == "COIN" else None


async def _balances(store: Any) -> Balances:
    found: dict[bytes, bytes] = await store.hgetall(BALANCES_KEY)
    names = {tuple(name.decode().split(" ")): int(value) for name, value in found.items()}
    return {(account, asset): value for (account, asset), value in names.items()}

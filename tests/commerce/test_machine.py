"""A market in which anything happens in any order, through two workers: the books always add up.

Hypothesis makes up the days: orders from wallets and to be paid elsewhere, webhooks of all sorts,
parcels, refunds, gifts, payouts, changed terms, the clock and the accountant in between. After each
example everything is brought to its end, and then nothing may be left over.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

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
from tests.seeding import ROUNDS, SEED

from .conservation import Balances, Outside, differences
from .market import OPS, Market
from .terms import terms

EXAMPLES = 40
STEPS = 20
DAY = 80
"""Things that happen before Hypothesis begins."""
BUYERS = ("lan", "bo", "mei")
"""mei is the host as well."""
OFFERS = ("peach", "plum", "kiwi")
CARD_ROLES = ("platform", "host", "broker", "agency", "promoter", "tax")
DAY_MS = 86_400_000
UNDERSTOOD = (ErrorCode.SOLD_OUT, ErrorCode.INSUFFICIENT_FUNDS, ErrorCode.LIMIT_EXCEEDED)
SETTINGS = {"payout_tax_bps": 700, "quick_order_followers_min": 0, "payment_hold_s": 600}
BY_THE_CLOCK = {"expired": "expire", "delivered": "deliver", "settled": "settle"}
DONE = {
    *("buy", "hold", "paid", "failed", "returned", "ship", "deliver", "cancel", "refund"),
    *("give", "pay_out", "turn_coins", "restock", "change", "card", "deal", "expire", "settle"),
    *("send_back", "buy again"),
}
"""What must have happened at least once in a run; one that misses some proves less than it says."""

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


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


picks = st.integers(0, 10**6)


class Machine(RuleBasedStateMachine):
    """One example: an empty ledger, and a day in its market."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.outside = Outside()
        self.orders: list[str] = []
        self.placed: list[tuple[dict[str, Any], Placed]] = []
        self.stack = AsyncExitStack()
        self.workers: list[Market] = []
        self._run(self._open())

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.bench.run(doing)

    def _note(self, what: str) -> None:
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

    def _worker(self, pick: int) -> Market:
        return self.workers[pick % 2]

    def _order(self, pick: int) -> str | None:
        """One of the latest orders."""
        latest = self.orders[-8:]
        return latest[pick % len(latest)] if latest else None

    async def _sheets(self) -> list[OrderSheet]:
        return [await self.workers[0].order(order) for order in self.orders]

    # --- orders

    @rule(pick=picks, buyer=st.sampled_from(BUYERS), quantity=st.integers(1, 4))
    def buy(self, pick: int, buyer: str, quantity: int) -> None:
        offer = OFFERS[pick % 3]
        self._place(pick, buyer, {"lines": ((offer, quantity),)}, "wallet")

    @rule(pick=picks, buyer=st.sampled_from(BUYERS), quantity=st.integers(1, 4))
    def hold(self, pick: int, buyer: str, quantity: int) -> None:
        lines = ((OFFERS[1 + pick % 2], quantity), (OFFERS[1 + pick % 2], 1))
        self._place(pick, buyer, {"lines": lines}, "pay")

    @rule(pick=picks, quantity=st.integers(1, 5), price=st.integers(1, 2000))
    def accept_a_private_price(self, pick: int, quantity: int, price: int) -> None:
        market, offer = self._worker(pick), OFFERS[pick % 3]
        seller = "mei" if offer == "peach" else "sam"
        deal = market.fresh("d")
        fields: dict[str, Any] = {"offer": offer, "quantity": quantity, "price_minor": price}
        made = self._run(market.deal(deal, by=seller, carriage_minor=price % 3, **fields))
        wanted = {
            "lines": ((offer, quantity),),
            "total": made.total_minor,
            "private_price": deal,
        }
        if self._place(pick, "lan", wanted, ("wallet", "pay")[pick % 4 // 2]):
            self._note("deal")

    def _place(self, pick: int, buyer: str, wanted: dict[str, Any], payment: str) -> bool:
        market = self._worker(pick)
        promoter = ("pia", None, "mei")[pick % 7 % 3]
        wanted = {
            "buyer": buyer,
            "key": market.fresh("k"),
            "payment": payment,
            "promoter": promoter if promoter != buyer else None,
            "total": sum(market.prices["r", offer] * n for offer, n in wanted["lines"]),
            **wanted,
        }
        placed = self._run(place(market, wanted))
        if placed is None:
            return False
        assert not placed.duplicate
        assert placed.status == ("paid" if payment == "wallet" else "held")
        self.orders.append(placed.order)
        self.placed.append((wanted, placed))
        self._note("buy" if payment == "wallet" else "hold")
        return True

    @rule(pick=picks)
    def send_an_order_again(self, pick: int) -> None:
        if self.placed:
            wanted, first = self.placed[pick % len(self.placed)]
            again = self._run(place(self._worker(pick), wanted))
            assert again is not None
            assert (again.order, again.status, again.duplicate) == (first.order, first.status, True)
            self._note("buy again")

    @rule(pick=picks, move=st.sampled_from(["ship", "deliver", "cancel"]))
    def move(self, pick: int, move: str) -> None:
        if order := self._order(pick):
            act: Callable[..., Awaitable[OrderSheet]] = getattr(self._worker(pick), move)
            self._moves(order, move, act(order))

    @rule(pick=picks, percent=st.integers(1, 100))
    def refund(self, pick: int, percent: int) -> None:
        if order := self._order(pick):
            sheet = self._run(self.workers[0].order(order))
            left = sheet.total_minor - sheet.refunded_minor
            amount = max(1, left * percent // 100)
            self._moves(order, "refund", self._worker(pick).refund(order, amount))

    def _moves(self, order: str, move: str, doing: Awaitable[object]) -> None:
        """What the table allows happens, and nothing else; done twice is done once."""
        before = self._run(self.workers[0].order(order)).status
        allowed = MOVES[before]
        try:
            self.bench.run(doing)
        except Refused as refusal:
            if refusal.code is not ErrorCode.CONFLICT or move in allowed:
                raise
            return
        after = self._run(self.workers[0].order(order)).status
        if move in allowed:
            ends = {allowed[move], before} if move == "refund" else {allowed[move]}
            assert after in ends
            self._note(move)
        else:
            assert (before, after) == (
                after,
                {"ship": "shipped", "deliver": "delivered"}.get(move, "cancelled"),
            )

    # --- webhooks

    @rule(pick=picks, payment=st.integers(0, 2), wrong=st.sampled_from([0, 0, 0, 1]))
    def tell_of_a_payment(self, pick: int, payment: int, wrong: int) -> None:
        if not (order := self._order(pick)):
            return
        sheet = self._run(self.workers[0].order(order))
        name = f"{order}-{payment}-{wrong}"
        amount = sheet.total_minor + wrong
        event = self._worker(pick).paid(order, name, amount_minor=amount)
        if sheet.provider == "wallet":
            with pytest.raises(Refused):
                self._run(event)
            return
        taken = self._run(event)
        if name in self.outside.payments:
            assert taken.returned == (name in self.outside.unwanted)
            return
        self.outside.payments[name] = amount
        if taken.returned:
            self.outside.unwanted[name] = amount
            self._note("returned")
        else:
            assert "pay" in MOVES[sheet.status]
            assert not wrong
            self._note("paid")

    @rule(pick=picks)
    def tell_of_a_failure(self, pick: int) -> None:
        if order := self._order(pick):
            sheet = self._run(self.workers[0].order(order))
            if sheet.provider != "wallet":
                taken = self._run(self._worker(pick).failed(order))
                assert taken.status == MOVES[sheet.status].get("expire", sheet.status)
                self._note("failed")

    @rule(pick=picks)
    def send_money_back(self, pick: int) -> None:
        self._run(self._send_back(self._worker(pick), 1 + pick % 3, is_answered=pick % 4 > 0))

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
            self._note("send_back")
        return len(due)

    # --- everything else

    @rule(pick=picks, giver=st.sampled_from(BUYERS), count=st.integers(1, 50))
    def give(self, pick: int, giver: str, count: int) -> None:
        self._run(self._worker(pick).give(giver, count))
        self._note("give")

    @rule(pick=picks, party=st.sampled_from(["mei", "sam", "star", "pia"]))
    def pay_out(self, pick: int, party: str) -> None:
        market = self._worker(pick)
        for asset in ("CNY", "COIN"):
            (available,) = self._run(market.earned(party, asset=asset, of="available"))
            with pytest.raises(Refused):
                self._run(market.pay_out(party, max(available, 0) + 1, asset, into=_into(asset)))
            if available > 0:
                amount = 1 + pick % available
                paid = self._run(market.pay_out(party, amount, asset, into=_into(asset))).payout
                self.outside.paid_out[asset] += amount
                self.outside.coins_sold_for += paid.gross_minor if asset == "COIN" else 0
                self._note("turn_coins" if asset == "COIN" else "pay_out")

    @rule(pick=picks, offer=st.sampled_from(OFFERS))
    def restock(self, pick: int, offer: str) -> None:
        market = self._worker(pick)
        key, added = market.fresh("k"), 1 + pick % 5
        for worker in self.workers:
            self._run(worker.change(offer, restock=added, key=key))
        self.outside.stocked["r", offer] += added
        self._note("restock")

    @rule(pick=picks, offer=st.sampled_from(OFFERS), price=st.integers(1, 1500))
    def change_terms(self, pick: int, offer: str, price: int) -> None:
        market = self._worker(pick)
        limit = (None, 3, 6, 4)[pick % 4]
        self._run(market.change(offer, price_minor=price, limit_per_buyer=limit))
        market.prices["r", offer] = price
        self._note("change")

    @rule(pick=picks, rates=st.lists(st.integers(0, 1600), min_size=6, max_size=6))
    def change_card(self, pick: int, rates: list[int]) -> None:
        scopes = [("default", None), ("host", "mei"), ("seller", "sam"), ("offer", "r/plum")]
        card: dict[str, Any] = dict(zip(CARD_ROLES, rates, strict=True))
        self._run(self._worker(pick).card(*scopes[pick % 4], **card))
        self._note("card")

    @rule(pick=picks)
    def post_commission(self, pick: int) -> None:
        self._run(self._worker(pick).settle())

    @rule(pick=picks, ms=st.sampled_from([1, 600_000, DAY_MS, 8 * DAY_MS]))
    def pass_time(self, pick: int, ms: int) -> None:
        before = {sheet.order: sheet.status for sheet in self._run(self._sheets())}
        for worker in self.workers:
            worker.now_ms += ms
        self._run(self._look(pick))
        for sheet in self._run(self._sheets()):
            if before[sheet.order] != sheet.status:
                self._note(BY_THE_CLOCK[sheet.status])

    async def _look(self, pick: int) -> None:
        await asyncio.gather(*(worker.clockwork().look() for worker in self.workers))
        await self._worker(pick).pass_ms(0)

    # --- many things

    @initialize(number=st.integers(0, 2**32))
    def long_day(self, number: int) -> None:
        """Hypothesis likes short stories of few kinds of things; in this one much happens."""
        rng = Random(number)
        for _ in range(DAY):
            rng.choice([self._trade, self._trade, self._fulfil, self._govern])(rng)
            if rng.random() < 0.1:
                self.check()

    def _trade(self, rng: Random) -> None:
        pick, buyer = rng.randrange(10**6), rng.choice(BUYERS)
        match rng.randrange(9):
            case 0 | 1:
                self.buy(pick, buyer, rng.randint(1, 4))
            case 2:
                self.hold(pick, buyer, rng.randint(1, 3))
            case 3 | 4:
                self.tell_of_a_payment(pick, rng.randrange(2), rng.random() < 0.1)
            case 5:
                self.give(pick, buyer, rng.randint(1, 50))
            case 6:
                self.send_an_order_again(pick)
            case 7:
                self.accept_a_private_price(pick, rng.randint(1, 5), rng.randint(1, 2000))
            case 8:
                self.tell_of_a_failure(pick)

    def _fulfil(self, rng: Random) -> None:
        pick = rng.randrange(10**6)
        match rng.randrange(6):
            case 0:
                self.move(pick, rng.choice(["ship", "deliver", "cancel"]))
            case 1 | 2:
                status, move = rng.choice([("paid", "ship"), ("shipped", "deliver")])
                for sheet in [each for each in self._run(self._sheets()) if each.status == status]:
                    act = getattr(self._worker(pick), move)
                    self._moves(sheet.order, move, act(sheet.order))
            case 3:
                self.refund(pick, rng.choice([1, 10, 50, 100]))
            case 4:
                self.pay_out(pick, rng.choice(["mei", "sam", "star"]))
            case 5:
                self.send_money_back(pick)

    def _govern(self, rng: Random) -> None:
        pick, offer = rng.randrange(10**6), rng.choice(OFFERS)
        match rng.randrange(6):
            case 0 | 1:
                self.pass_time(pick, rng.choice([1000, 600_000, DAY_MS, 8 * DAY_MS]))
            case 2:
                self.post_commission(pick)
            case 3:
                self.restock(pick, offer)
            case 4:
                self.change_terms(pick, offer, rng.randint(1, 1500))
            case 5:
                self.change_card(pick, [rng.randrange(1600) for _ in CARD_ROLES])

    # --- what must hold

    @rule()
    def check(self) -> None:
        assert self._run(self._wrong()) == []

    async def _wrong(self) -> list[str]:
        store = self.workers[0].ledger.store
        found = differences(await _balances(store), await self._sheets(), self.outside)
        return [*found, *(await audit(store)).breaches]

    def teardown(self) -> None:
        self.check()
        self._run(self._bring_to_an_end())
        self.check()
        self._run(self.stack.aclose())

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
        assert {sheet.status for sheet in await self._sheets()} <= ends
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


def test_whatever_happens_in_a_market_the_books_add_up(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    Machine.bench = bench
    seeded(SEED)(Machine)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES * ROUNDS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    record_property("examples", EXAMPLES * ROUNDS)
    print(bench.done)
    assert bench.done.keys() >= DONE, f"not everything was tried: {DONE - bench.done.keys()}"

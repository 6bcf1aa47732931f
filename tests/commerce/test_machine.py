"""A market in which anything happens in any order, through two workers: the books always add up.

Hypothesis makes up the days: orders from wallets and to be paid elsewhere, webhooks of all sorts,
parcels, refunds, gifts, payouts, changed terms, the clock and the accountant in between. After each
example everything is brought to its end, and then nothing may be left over.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.seeding import ROUNDS, SEED

from .long_day import long_day
from .trading import BUYERS, DAY_MS, OFFERS, Bench, Trading

EXAMPLES = 40
STEPS = 20
DONE = {
    *("buy", "hold", "paid", "failed", "returned", "ship", "deliver", "cancel", "refund"),
    *("give", "pay_out", "turn_coins", "restock", "change", "card", "deal", "expire", "settle"),
    *("send_back", "buy again", "at once"),
}
"""What must have happened at least once in a run; one that misses some proves less than it says."""

picks = st.integers(0, 10**6)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


class Machine(RuleBasedStateMachine):
    """One example: an empty ledger, a long day in its market, and what Hypothesis likes to add."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.trading = Trading(self.bench)

    @initialize(number=st.integers(0, 2**32))
    def long_day(self, number: int) -> None:
        """Hypothesis likes short stories of few kinds of things; in this one much happens."""
        long_day(self.trading, Random(number))

    @rule(pick=picks, buyer=st.sampled_from(BUYERS), quantity=st.integers(1, 4))
    def buy(self, pick: int, buyer: str, quantity: int) -> None:
        self.trading.buy(pick, buyer, quantity)

    @rule(pick=picks, buyer=st.sampled_from(BUYERS), quantity=st.integers(1, 4))
    def hold(self, pick: int, buyer: str, quantity: int) -> None:
        self.trading.hold(pick, buyer, quantity)

    @rule(pick=picks, quantity=st.integers(1, 5), price=st.integers(1, 2000))
    def accept_a_private_price(self, pick: int, quantity: int, price: int) -> None:
        self.trading.accept_a_private_price(pick, quantity, price)

    @rule(pick=picks)
    def send_an_order_again(self, pick: int) -> None:
        self.trading.send_an_order_again(pick)

    @rule(pick=picks, move=st.sampled_from(["ship", "deliver", "cancel"]))
    def move(self, pick: int, move: str) -> None:
        self.trading.move(pick, move)

    @rule(pick=picks, percent=st.integers(1, 100))
    def refund(self, pick: int, percent: int) -> None:
        self.trading.refund(pick, percent)

    @rule(pick=picks, payment=st.integers(0, 2), wrong=st.sampled_from([0, 0, 0, 1]))
    def tell_of_a_payment(self, pick: int, payment: int, wrong: int) -> None:
        self.trading.tell_of_a_payment(pick, payment, wrong)

    @rule(pick=picks)
    def tell_of_a_failure(self, pick: int) -> None:
        self.trading.tell_of_a_failure(pick)

    @rule(pick=picks)
    def send_money_back(self, pick: int) -> None:
        self.trading.send_money_back(pick)

    @rule(pick=picks, giver=st.sampled_from(BUYERS), count=st.integers(1, 50))
    def give(self, pick: int, giver: str, count: int) -> None:
        self.trading.give(pick, giver, count)

    @rule(pick=picks, party=st.sampled_from(["mei", "sam", "star", "pia"]))
    def pay_out(self, pick: int, party: str) -> None:
        self.trading.pay_out(pick, party)

    @rule(pick=picks, offer=st.sampled_from(OFFERS))
    def restock(self, pick: int, offer: str) -> None:
        self.trading.restock(pick, offer)

    @rule(pick=picks, offer=st.sampled_from(OFFERS), price=st.integers(1, 1500))
    def change_terms(self, pick: int, offer: str, price: int) -> None:
        self.trading.change_terms(pick, offer, price)

    @rule(pick=picks, rates=st.lists(st.integers(0, 1600), min_size=6, max_size=6))
    def change_card(self, pick: int, rates: list[int]) -> None:
        self.trading.change_card(pick, rates)

    @rule(pick=picks)
    def post_commission(self, pick: int) -> None:
        self.trading.post_commission(pick)

    @rule(pick=picks, ms=st.sampled_from([1, 600_000, DAY_MS, 8 * DAY_MS]))
    def pass_time(self, pick: int, ms: int) -> None:
        self.trading.pass_time(pick, ms)

    @rule()
    def check(self) -> None:
        self.trading.check()

    def teardown(self) -> None:
        self.trading.finish()


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

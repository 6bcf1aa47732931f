"""The audit follows each order's and each gift's money: what does not follow is named."""

import msgspec
import pytest

from livesrv.ledger.audit_line import AuditEntry, AuditFacts, AuditLine, Breach
from livesrv.ledger.entry import GIFTS_UNSETTLED, ORDERS_UNSETTLED
from livesrv.ledger.order_checks import GiftMaturity, OrderMoney
from livesrv.ledger.split import Due, Movements, Portion, Share, earned, release, reversal

CARD = (Share("platform", "@platform", 500), Share("host", "h", 1000), Share("seller", "s", 8500))
DUE = Due(ORDERS_UNSETTLED, "CNY", (Portion(999, CARD),))
GIFT = Due(GIFTS_UNSETTLED, "COIN", (Portion(7, (Share("host", "h", 10_000),)),))


class Journal:
    """Feeds lines to a check, each with what it moves."""

    def __init__(self, check: type[OrderMoney] | type[GiftMaturity]) -> None:
        self.breaches: list[str] = []
        note: Breach = self.breaches.append
        self._check = check(note)
        self._place = 0

    def add(self, kind: str, moved: Movements | None = None, **facts: object) -> None:
        self._place += 1
        legs = [(account, asset, str(n), "") for (account, asset), n in (moved or {}).items()]
        if "due" in facts:
            facts["due"] = msgspec.Raw(msgspec.json.encode(facts["due"]))
        entry = AuditEntry("id", kind, "", tuple(legs), AuditFacts(**facts))  # type: ignore[arg-type]
        self._check.feed(AuditLine(self._place, 0, 0, (), entry))


def refund(before: int, after: int, earnings: str = "pending") -> Movements:
    return reversal(DUE, before=before, after=after, earnings=earnings, to="wallet:lan")


@pytest.fixture
def orders() -> Journal:
    journal = Journal(OrderMoney)
    journal.add("order", due=DUE, order="o")
    return journal


def test_a_life_of_part_refunds_before_and_after_the_release_is_right(orders: Journal) -> None:
    orders.add("refund", refund(0, 100), order="o", before=0, refunded=100)
    orders.add("settle", release(DUE, 100), order="o", refunded=100)
    orders.add("refund", refund(100, 999, "available"), order="o", before=100, refunded=999)
    assert orders.breaches == []


def test_more_than_was_paid_is_named(orders: Journal) -> None:
    orders.add("refund", refund(0, 600), order="o", before=0, refunded=600)
    orders.add("refund", refund(0, 600), order="o", before=600, refunded=1200)
    assert orders.breaches == ["place 3: order o: refunds go to 1200 of 999 from 600"]


def test_a_refund_that_is_not_cumulative_is_named(orders: Journal) -> None:
    orders.add("refund", refund(0, 15), order="o", before=0, refunded=15)
    orders.add("refund", refund(0, 15), order="o", before=15, refunded=30)
    assert "place 3: order o moves -1 of pending:h CNY, not -2" in orders.breaches


def test_a_refund_out_of_the_wrong_earnings_is_named(orders: Journal) -> None:
    orders.add("settle", release(DUE, 0), order="o", refunded=0)
    orders.add("refund", refund(0, 999, "pending"), order="o", before=0, refunded=999)
    assert "place 3: order o moves -100 of pending:h CNY, not 0" in orders.breaches


def test_what_a_refund_claims_to_stand_on_must_be_so(orders: Journal) -> None:
    orders.add("refund", refund(0, 10), order="o", before=5, refunded=10)
    assert orders.breaches[0] == "place 2: order o: 0 was refunded, not 5"


def test_releasing_twice_is_named(orders: Journal) -> None:
    orders.add("settle", release(DUE, 0), order="o", refunded=0)
    orders.add("settle", release(DUE, 0), order="o", refunded=0)
    assert orders.breaches == ["place 3: order o has nothing to release"]


def test_paying_twice_and_refunding_what_was_never_paid_are_named(orders: Journal) -> None:
    orders.add("pay", due=DUE, order="o")
    orders.add("refund", refund(0, 1), order="never", before=0, refunded=1)
    assert orders.breaches == [
        "place 2: order o is paid a second time",
        "place 3: order never is refunded and was never paid",
    ]


def gifts(*baskets: int) -> Journal:
    """One gift settled into each basket."""
    journal = Journal(GiftMaturity)
    for number, ripe_ms in enumerate(baskets):
        journal.add("gift", due=GIFT)
        journal.add("commission", upto=2 * number + 1, ripe_ms=ripe_ms)
    return journal


def ripe(amount: int) -> Movements:
    return {("pending:h", "COIN"): -amount, ("available:h", "COIN"): amount}


def test_a_basket_is_emptied_once_by_what_was_put_into_it() -> None:
    journal = gifts(50, 50, 90)
    assert earned(GIFT) == {"h": 7}
    journal.add("maturity", ripe(14), ripe_ms=50)
    journal.add("maturity", ripe(7), ripe_ms=90)
    assert journal.breaches == []
    journal.add("maturity", ripe(7), ripe_ms=90)
    assert len(journal.breaches) == 2


def test_more_or_less_than_is_in_the_basket_is_named() -> None:
    journal = gifts(50)
    journal.add("maturity", ripe(8), ripe_ms=50)
    assert journal.breaches == [
        "place 3: pending:h COIN moves -8, and h has 7 in the basket of 50",
        "place 3: available:h COIN moves 8, and h has 7 in the basket of 50",
    ]

"""What must be in the ledger, given what was acknowledged."""

from loadtest.books.receipts import Purchase, Receipts
from loadtest.books.settlement import Range, pieces, spent
from loadtest.scenario.model import Kind


def order(number: int) -> Purchase:
    line = {"offer": "tea", "quantity": 2}
    command = {"room": "r", "lines": [line], "total_minor": 20, "currency": "CNY"}
    return Purchase(Kind.ORDER, number, 0, 0.0, command)


def gift(number: int, count: int) -> Purchase:
    return Purchase(Kind.GIFT, number, 0, 0.0, {"key": "c", "count": count})


def buy(receipts: Receipts, purchase: Purchase) -> Purchase:
    receipts.open(purchase)
    purchase.attempts = 1
    return purchase


def test_an_acknowledged_order_is_certain() -> None:
    receipts = Receipts()
    receipts.acknowledge(buy(receipts, order(0)), {"order": "or1"})
    assert spent(receipts, 3) == {(0, "CNY"): Range(20)}
    assert pieces(receipts) == {("r", "tea"): Range(2)}


def test_an_order_without_an_answer_may_have_happened_or_not() -> None:
    receipts = Receipts()
    receipts.abandon(buy(receipts, order(0)))
    assert spent(receipts, 3) == {(0, "CNY"): Range(0, 20)}
    assert pieces(receipts) == {("r", "tea"): Range(0, 2)}


def test_a_combo_costs_its_highest_acknowledged_count() -> None:
    receipts = Receipts()
    for number, count in ((0, 1), (1, 2)):
        receipts.acknowledge(buy(receipts, gift(number, count)), {})
    assert spent(receipts, 3) == {(0, "COIN"): Range(6)}


def test_a_gift_without_an_answer_costs_nothing_when_a_later_one_of_its_combo_has_one() -> None:
    receipts = Receipts()
    receipts.abandon(buy(receipts, gift(0, 1)))
    receipts.acknowledge(buy(receipts, gift(1, 2)), {})
    assert spent(receipts, 3) == {(0, "COIN"): Range(6, 0)}


def test_what_was_never_sent_is_skipped_and_cannot_have_happened() -> None:
    receipts = Receipts()
    receipts.open(order(0))
    receipts.abandon_open()
    assert receipts.skipped[Kind.ORDER] == 1
    assert spent(receipts, 3) == {}


def test_a_refused_order_moves_nothing() -> None:
    receipts = Receipts()
    receipts.refuse(buy(receipts, order(0)))
    assert (receipts.open_count, spent(receipts, 3)) == (0, {})


def test_a_range_contains_its_ends_and_nothing_beyond() -> None:
    wanted = Range(5, 2)
    assert [value for value in range(10) if wanted.contains(value)] == [5, 6, 7]

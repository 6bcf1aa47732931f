"""The stub's books: right unless told otherwise."""

from typing import Any

from loadtest.selftest.faults import Faults
from loadtest.selftest.shop import Shop


def shop(faults: Faults | None = None, *, stock: int = 5, limit: int | None = None) -> Shop:
    """One room with peaches, and somebody with money."""
    opened = Shop(faults or Faults())
    opened.open("r")
    opened.put_on_sale("r", {"offer": "peach", "stock": stock, "limit_per_buyer": limit})
    opened.top_up("lan", "money", "CNY", 1_000)
    opened.top_up("lan", "coins", "COIN", 9)
    return opened


def order(key: str, quantity: int = 1) -> dict[str, Any]:
    lines = [{"offer": "peach", "quantity": quantity}]
    content = {"room": "r", "lines": lines, "total_minor": 100 * quantity, "currency": "CNY"}
    return {"type": "order", "id": 7, "key": key, **content}


def gift(count: int) -> dict[str, Any]:
    return {"type": "gift", "id": 1, "room": "r", "gift": "rose", "key": "c", "count": count}


def test_a_key_sent_again_is_answered_as_before_and_nothing_moves() -> None:
    opened = shop()
    first, event = opened.order("lan", order("o"))
    again, nothing = opened.order("lan", order("o"))
    assert event is not None
    assert nothing is None
    assert again == {**first, "duplicate": True}
    assert opened.balances("lan")[0]["balance_minor"] == 900
    assert opened.sold == {"r/peach": 1}


def test_a_topup_sent_again_adds_nothing() -> None:
    opened = shop()
    assert opened.top_up("lan", "money", "CNY", 1_000) == {
        "balance_minor": 1_000,
        "duplicate": True,
    }


def test_a_gift_costs_what_its_combo_was_not_charged_yet() -> None:
    opened = shop()
    charged = [opened.give("lan", gift(count))[0]["charged_minor"] for count in (1, 3, 2)]
    assert charged == [3, 6, 0]


def test_what_is_not_there_or_not_paid_for_is_refused_and_nothing_moves() -> None:
    codes = [
        shop(stock=2).order("lan", order("o", 3))[0]["code"],
        shop(stock=50).order("lan", order("o", 11))[0]["code"],
        shop(limit=2).order("lan", order("o", 3))[0]["code"],
        shop().give("lan", gift(4))[0]["code"],
    ]
    assert codes == ["sold_out", "insufficient_funds", "limit_exceeded", "insufficient_funds"]


def test_a_shop_that_oversells_has_less_than_nothing_left() -> None:
    opened = shop(Faults(oversells=True), stock=2)
    opened.order("lan", order("o", 3))
    assert opened.offers("r")[0]["stock"] == -1


def test_so_many_orders_are_forgotten_and_said_to_be() -> None:
    opened = shop(Faults(forgets_order_every=2))
    for number in range(4):
        opened.order("lan", order(f"o{number}"))
    assert opened.forgotten == ["or1", "or3"]
    assert [opened.find(each) is None for each in opened.orders] == [False, True, False, True]


def test_whoever_is_told_busy_is_served_the_second_time() -> None:
    opened = shop(Faults(is_busy_at_first=True))
    types = [opened.order("lan", order("o"))[0]["type"] for _ in range(2)]
    assert types == ["error", "ordered"]

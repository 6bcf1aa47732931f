"""The server's books beside ours: each difference is found, counted once and shown."""

from typing import Any, cast

import pytest

from loadtest.books.account import Account
from loadtest.books.books import Books
from loadtest.books.receipts import Purchase
from loadtest.client.api import Api, Refusal, Unreachable
from loadtest.client.credentials import Mint
from loadtest.crew.messages import Gift
from loadtest.run.reconcile import EXAMPLES_MAX, Reconciler, Reconciliation
from loadtest.run.stage import Stage
from loadtest.scenario.model import Kind
from loadtest.scenario.schedule import Schedule

ROOM, USER = "r1-r0", "r1-v1"
STOCK, TOPUP_MINOR = 100, 10_000
MINT = Mint("a secret of more than thirty-two characters", "the test")


def account(*, orders: int = 1, unknown: int = 0, is_shown: bool = True) -> Account:
    """One who ordered two pieces of tea, so many times, and gave once."""
    books = Books("r1", [ROOM], Schedule(), lambda: 0.0)
    for number in range(orders + unknown):
        line = {"offer": "tea", "quantity": 2}
        command = {"room": ROOM, "lines": [line], "total_minor": 20, "currency": "CNY"}
        purchase = Purchase(Kind.ORDER, number, 1, 0.0, command, attempts=1)
        books.open(purchase)
        if number < orders:
            books.account.receipts.acknowledge(purchase, {"order": f"o{number}"})
        else:
            books.account.receipts.abandon(purchase)
    gift = Purchase(Kind.GIFT, 0, 1, 0.0, {"key": "r1-g1-0", "count": 1}, attempts=1)
    books.open(gift)
    books.account.receipts.acknowledge(gift, {})
    shown: list[dict[str, Any]] = [{"type": "gift", "combo": "r1-g1-0", "count": 1, "added": 1}]
    sold = {"type": "sold", "user": {"id": USER}, "lines": [{"offer": "tea", "quantity": 2}]}
    shown += [sold] * orders
    if is_shown:
        events = tuple({**event, "seq": seq} for seq, event in enumerate(shown, 1))
        books.account.sightings.take(ROOM, events)
    return books.account


class Ledger:
    """Stands for the server's HTTP door: what it has by path, as the account of one order says."""

    def __init__(self) -> None:
        line = {"offer": "tea", "quantity": 2}
        self.order: dict[str, Any] = {
            "status": "paid",
            "total_minor": 20,
            "currency": "CNY",
            "room": ROOM,
            "buyer": USER,
            "lines": [line],
        }
        self.stock = STOCK - 2
        self.balances = {"CNY": TOPUP_MINOR - 20, "COIN": TOPUP_MINOR - 3}
        self.failures: dict[str, Exception] = {}
        self.asked: list[str] = []

    async def get(self, path: str, token: str | None = None) -> Any:
        self.asked.append(path)
        for beginning, failure in self.failures.items():
            if path.startswith(beginning):
                raise failure
        if path.startswith("/v1/orders/"):
            return self.order
        if path == "/v1/wallet":
            pairs = self.balances.items()
            return {"balances": [{"currency": name, "balance_minor": it} for name, it in pairs]}
        return {"offers": [{"offer": "tea", "stock": self.stock}]}


async def compared(ledger: Ledger, of: Account | None = None) -> Reconciliation:
    stage = Stage("r1", [ROOM], Gift("rose", 3), {1: {"CNY": TOPUP_MINOR, "COIN": TOPUP_MINOR}})
    stocks = {(ROOM, "tea"): STOCK}
    api = cast(Api, ledger)
    return await Reconciler(api, MINT, of or account(), stage, stocks, 60.0).reconcile()


def wrong(found: Reconciliation) -> dict[str, int]:
    """What differed, by name."""
    names = ("missing", "wrong", "unverified", "oversold")
    return {
        name: count
        for name, count in vars(found).items()
        if name.endswith(names) and count and name != "examples"
    }


async def test_a_ledger_that_agrees_has_no_differences() -> None:
    found = await compared(Ledger())
    assert wrong(found) == {}
    assert found.examples == []
    assert (found.orders_checked, found.orders_found, found.wallets_checked) == (1, 1, 1)
    assert (found.pieces_sold, found.pieces_acknowledged) == (2, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "cancelled"),
        ("total_minor", 21),
        ("currency", "USD"),
        ("room", "another"),
        ("buyer", "r1-v2"),
        ("lines", [{"offer": "tea", "quantity": 1}]),
        ("lines", []),
    ],
)
async def test_an_order_with_another_content_is_wrong(field: str, value: Any) -> None:
    ledger = Ledger()
    ledger.order[field] = value
    found = await compared(ledger)
    assert wrong(found) == {"orders_wrong": 1}
    assert found.examples[0].startswith(f"order o0: {field}")


async def test_an_order_the_ledger_does_not_know_is_missing() -> None:
    ledger = Ledger()
    ledger.failures["/v1/orders/"] = Refusal("GET", 404, "not_found", "no such order")
    found = await compared(ledger)
    assert wrong(found) == {"orders_missing": 1}


@pytest.mark.parametrize("stock", [STOCK - 1, STOCK - 3])
async def test_a_stock_that_differs_from_the_acknowledged_pieces_is_wrong(stock: int) -> None:
    ledger = Ledger()
    ledger.stock = stock
    assert wrong(await compared(ledger)) == {"stocks_wrong": 1}


async def test_pieces_beyond_the_stock_are_oversold() -> None:
    ledger = Ledger()
    ledger.stock = -3
    found = await compared(ledger)
    assert wrong(found) == {"stocks_wrong": 1, "oversold": 3}
    assert found.pieces_sold == STOCK + 3


@pytest.mark.parametrize("currency", ["CNY", "COIN"])
async def test_a_wallet_that_differs_by_a_cent_is_wrong(currency: str) -> None:
    ledger = Ledger()
    ledger.balances[currency] += 1
    found = await compared(ledger)
    assert wrong(found) == {"wallets_wrong": 1}
    assert currency in found.examples[0]


@pytest.mark.parametrize(("stock", "minor"), [(STOCK - 2, 20), (STOCK - 4, 40)])
async def test_an_order_without_an_answer_may_be_in_the_ledger_or_not(
    stock: int, minor: int
) -> None:
    ledger = Ledger()
    ledger.stock, ledger.balances["CNY"] = stock, TOPUP_MINOR - minor
    assert wrong(await compared(ledger, account(unknown=1))) == {}


async def test_what_was_not_shown_as_it_was_acknowledged_is_wrong() -> None:
    found = await compared(Ledger(), account(is_shown=False))
    assert wrong(found) == {"shows_wrong": 2}


async def test_what_was_forgotten_cannot_be_compared_and_says_so() -> None:
    of = account(is_shown=False)
    of.sightings.forgotten = 1_234
    found = await compared(Ledger(), of)
    assert wrong(found) == {"unverified": 1}
    assert found.examples == ["1,234 events were too old to be remembered"]


@pytest.mark.parametrize(
    "failure", [Unreachable("gone"), Refusal("GET", 500, "internal", "trouble")]
)
@pytest.mark.parametrize("path", ["/v1/orders/", "/v1/rooms/", "/v1/wallet"])
async def test_what_the_server_does_not_say_is_unverified(path: str, failure: Exception) -> None:
    ledger = Ledger()
    ledger.failures[path] = failure
    assert wrong(await compared(ledger)) == {"unverified": 1}


async def test_of_very_many_orders_a_sample_is_looked_up_and_all_stocks_and_wallets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtest.run.reconcile.CHECKED_MAX", 5)
    ledger = Ledger()
    ledger.stock = STOCK - 2 * 30
    ledger.balances["CNY"] = TOPUP_MINOR - 20 * 30
    found = await compared(ledger, account(orders=30))
    assert wrong(found) == {}
    assert (found.orders_acknowledged, found.orders_checked, found.pieces_sold) == (30, 5, 60)
    looked_up = [path for path in ledger.asked if path.startswith("/v1/orders/")]
    assert len(set(looked_up)) == len(looked_up) == 5


async def test_all_differences_are_counted_and_the_first_are_shown() -> None:
    ledger = Ledger()
    ledger.failures["/v1/orders/"] = Refusal("GET", 404, "not_found", "no such order")
    found = await compared(ledger, account(orders=40))
    assert found.orders_missing == 40
    assert len(found.examples) == EXAMPLES_MAX

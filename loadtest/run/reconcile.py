"""The server's books compared with ours, over HTTP.

Invariant: a difference between what was acknowledged and what the ledger holds is either counted
here as missing or wrong, or explained by a purchase whose outcome is unknown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..books.books import Books
from ..books.purchases import STOCK
from ..books.receipts import Receipt
from ..books.settlement import Range, pieces, show_mismatches, spent, total
from ..client.api import Api, Refusal, Unreachable, all_of
from ..client.credentials import Mint
from .result import Reconciliation
from .stage import Stage


class Reconciler:
    """Compares one run's books with the ledger."""

    def __init__(self, api: Api, mint: Mint, books: Books, stage: Stage, ttl_s: float) -> None:
        self._api = api
        self._mint = mint
        self._books = books
        self._stage = stage
        self._ttl_s = ttl_s
        self._found = Reconciliation()

    async def reconcile(self) -> Reconciliation:
        """Compare every acknowledged order, and all sums."""
        await self.check_orders(self._books.receipts.orders)
        return await self.check_sums()

    async def check_orders(self, receipts: Sequence[Receipt]) -> None:
        """Compare orders one by one."""
        self._found.orders_acknowledged += len(receipts)
        ops = self._mint.token(f"{self._stage.run}-ops", "ops", ttl_s=self._ttl_s)
        await all_of(self._check_order(receipt, ops) for receipt in receipts)

    async def check_sums(self) -> Reconciliation:
        """Compare stocks, wallets and what was shown with what all receipts add up to."""
        await self._check_stocks()
        await self._check_wallets()
        for mismatch in show_mismatches(self._books):
            self._found.shows_wrong += self._found.differ(mismatch)
        return self._found

    async def _check_order(self, receipt: Receipt, ops: str) -> None:
        order = await self._read(f"/v1/orders/{receipt.order}", ops)
        if order is None:
            return
        self._found.orders_found += 1
        wrong = _difference(order, receipt, self._books.user(receipt.viewer))
        if wrong:
            self._found.orders_wrong += self._found.differ(f"order {receipt.order}: {wrong}")

    async def _check_stocks(self) -> None:
        expected = pieces(self._books.receipts)
        sums = total(expected)
        self._found.pieces_acknowledged = sums.certain
        self._found.pieces_unknown = sums.unknown
        await all_of(self._check_room(room, expected) for room in self._stage.room_ids)

    async def _check_room(self, room: str, expected: dict[tuple[str, str], Range]) -> None:
        answer = await self._read(f"/v1/rooms/{room}/offers")
        for offer in answer["offers"] if answer else ():
            sold = STOCK - offer["stock"]
            self._found.pieces_sold += sold
            wanted = expected.get((room, offer["offer"]), Range())
            if not wanted.contains(sold):
                what = f"{room} {offer['offer']}: {wanted} pieces acknowledged, {sold} sold"
                self._found.stocks_wrong += self._found.differ(what)

    async def _check_wallets(self) -> None:
        expected = spent(self._books.receipts, self._stage.gift.price_minor)
        await all_of(
            self._check_wallet(viewer, topups, expected)
            for viewer, topups in self._stage.topups_minor.items()
        )

    async def _check_wallet(
        self, viewer: int, topups: Mapping[str, int], expected: dict[tuple[int, str], Range]
    ) -> None:
        user = self._books.user(viewer)
        answer = await self._read("/v1/wallet", self._mint.token(user, "viewer", ttl_s=self._ttl_s))
        if answer is None:
            return
        self._found.wallets_checked += 1
        balances = {each["currency"]: each["balance_minor"] for each in answer["balances"]}
        for currency, topup_minor in topups.items():
            gone_minor = topup_minor - balances.get(currency, 0)
            wanted = expected.get((viewer, currency), Range())
            if not wanted.contains(gone_minor):
                what = f"wallet of {user}: {wanted} {currency} acknowledged, {gone_minor} gone"
                self._found.wallets_wrong += self._found.differ(what)

    async def _read(self, path: str, token: str | None = None) -> Any:
        """What the server has at `path`; None, and noted, when it has nothing or does not say."""
        try:
            return await self._api.get(path, token)
        except Refusal as refusal:
            if refusal.status == 404 and path.startswith("/v1/orders/"):
                self._found.orders_missing += self._found.differ(str(refusal))
            else:
                self._found.unverified += self._found.differ(str(refusal))
        except Unreachable as error:
            self._found.unverified += self._found.differ(f"{path}: {error}")
        return None


def _difference(order: dict[str, Any], receipt: Receipt, buyer: str) -> str:
    """What an order in the ledger says otherwise than its receipt; empty when nothing."""
    wanted = {
        "status": "paid",
        "total_minor": receipt.total_minor,
        "currency": receipt.currency,
        "room": receipt.room,
        "buyer": buyer,
    }
    wrong = [
        f"{name} is {order.get(name)!r}, acknowledged {value!r}"
        for name, value in wanted.items()
        if order.get(name) != value
    ]
    lines = [(line["offer"], line["quantity"]) for line in order["lines"]]
    if lines != [(receipt.offer, receipt.quantity)]:
        wrong.append(f"lines are {lines}")
    return "; ".join(wrong)

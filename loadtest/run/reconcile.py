"""The server's books compared with ours, over HTTP.

Invariant: a difference between what was acknowledged and what the ledger holds is either counted
here as missing or wrong, or explained by a purchase whose outcome is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ..books.account import Account, user_of
from ..books.receipts import Receipt
from ..books.settlement import Range, pieces, show_mismatches, spent, total
from ..client.api import Api, Refusal, Unreachable, all_of
from ..client.credentials import Mint
from .stage import Stage

CHECKED_MAX = 5_000
"""Orders, and wallets, that are looked up one by one; of more, a sample. Stocks are all compared,
and they add up to every order."""
EXAMPLES_MAX = 10
"""Differences shown one by one; the rest are only counted."""


@dataclass
class Reconciliation:
    """What was compared, and what differed; `examples` shows the first differences."""

    orders_acknowledged: int = 0
    orders_checked: int = 0
    orders_found: int = 0
    orders_missing: int = 0
    orders_wrong: int = 0
    pieces_acknowledged: int = 0
    pieces_unknown: int = 0
    pieces_sold: int = 0
    oversold: int = 0
    stocks_wrong: int = 0
    wallets_checked: int = 0
    wallets_wrong: int = 0
    shows_wrong: int = 0
    unverified: int = 0
    examples: list[str] = field(default_factory=list)

    def differ(self, what: str) -> int:
        """Note a difference; returns 1, to be added to its count."""
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(what)
        return 1


class Reconciler:
    """Compares one run's account with the ledger. `stocks`: (room, offer) to what it began with."""

    def __init__(
        self,
        api: Api,
        mint: Mint,
        account: Account,
        stage: Stage,
        stocks: Mapping[tuple[str, str], int],
        ttl_s: float,
    ) -> None:
        self._api = api
        self._mint = mint
        self._account = account
        self._stage = stage
        self._stocks = stocks
        self._ttl_s = ttl_s
        self._random = Random(stage.run)
        self._found = Reconciliation()

    async def reconcile(self) -> Reconciliation:
        """Compare acknowledged orders, and all sums."""
        await self.check_orders(self._account.receipts.orders)
        return await self.check_sums()

    async def check_orders(self, receipts: Sequence[Receipt]) -> None:
        """Compare orders one by one."""
        self._found.orders_acknowledged += len(receipts)
        if len(receipts) > CHECKED_MAX:
            receipts = self._random.sample(receipts, CHECKED_MAX)
        self._found.orders_checked += len(receipts)
        ops = self._mint.token(f"{self._stage.run}-ops", "ops", ttl_s=self._ttl_s)
        await all_of(self._check_order(receipt, ops) for receipt in receipts)

    async def check_sums(self) -> Reconciliation:
        """Compare stocks, wallets and what was shown with what all receipts add up to."""
        await self._check_stocks()
        await self._check_wallets()
        if self._account.sightings.forgotten:
            what = f"{self._account.sightings.forgotten:,} events were too old to be remembered"
            self._found.unverified += self._found.differ(what)
            return self._found
        for mismatch in show_mismatches(self._account):
            self._found.shows_wrong += self._found.differ(mismatch)
        return self._found

    async def _check_order(self, receipt: Receipt, ops: str) -> None:
        order = await self._read(f"/v1/orders/{receipt.order}", ops)
        if order is None:
            return
        self._found.orders_found += 1
        wrong = _difference(order, receipt, user_of(self._stage.run, receipt.viewer))
        if wrong:
            self._found.orders_wrong += self._found.differ(f"order {receipt.order}: {wrong}")

    async def _check_stocks(self) -> None:
        expected = pieces(self._account.receipts)
        sums = total(expected)
        self._found.pieces_acknowledged = sums.certain
        self._found.pieces_unknown = sums.unknown
        await all_of(self._check_room(room, expected) for room in self._stage.room_ids)

    async def _check_room(self, room: str, expected: dict[tuple[str, str], Range]) -> None:
        answer = await self._read(f"/v1/rooms/{room}/offers")
        for offer in answer["offers"] if answer else ():
            sold = self._stocks[room, offer["offer"]] - offer["stock"]
            self._found.pieces_sold += sold
            self._found.oversold += max(0, -offer["stock"])
            wanted = expected.get((room, offer["offer"]), Range())
            if not wanted.contains(sold):
                what = f"{room} {offer['offer']}: {wanted} pieces acknowledged, {sold} sold"
                self._found.stocks_wrong += self._found.differ(what)

    async def _check_wallets(self) -> None:
        expected = spent(self._account.receipts, self._stage.gift.price_minor)
        spenders = {viewer for viewer, _ in expected}
        rest = [viewer for viewer in self._stage.topups_minor if viewer not in spenders]
        chosen = self._sample(sorted(spenders)) + self._sample(rest)
        await all_of(
            self._check_wallet(viewer, self._stage.topups_minor[viewer], expected)
            for viewer in chosen
        )

    def _sample(self, viewers: list[int]) -> list[int]:
        return viewers if len(viewers) <= CHECKED_MAX else self._random.sample(viewers, CHECKED_MAX)

    async def _check_wallet(
        self, viewer: int, topups: Mapping[str, int], expected: dict[tuple[int, str], Range]
    ) -> None:
        user = user_of(self._stage.run, viewer)
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

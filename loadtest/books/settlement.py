"""What the ledger and the rooms must show, given what the server acknowledged. Pure.

A purchase without an answer may have happened or not. Each figure is therefore a range, from what
was acknowledged to that plus the unknown, and one number wide when everything was answered.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .account import Account, user_of
from .purchases import COINS
from .receipts import Combo, Purchase, Receipts


@dataclass(slots=True)
class Range:
    """At least `certain`, at most `certain + unknown`."""

    certain: int = 0
    unknown: int = 0

    def contains(self, value: int) -> bool:
        return self.certain <= value <= self.certain + self.unknown

    def __str__(self) -> str:
        upper = f" to {self.certain + self.unknown}" if self.unknown else ""
        return f"{self.certain}{upper}"


def spent(receipts: Receipts, gift_price_minor: int) -> dict[tuple[int, str], Range]:
    """(viewer, currency) to what must have left its wallet."""
    ranges: dict[tuple[int, str], Range] = {}
    for receipt in receipts.orders:
        ranges.setdefault(
            (receipt.viewer, receipt.currency), Range()
        ).certain += receipt.total_minor
    for purchase in receipts.unknown_orders:
        command = purchase.command
        ranges.setdefault((purchase.viewer, command["currency"]), Range()).unknown += command[
            "total_minor"
        ]
    for combo in receipts.combos.values():
        coins = ranges.setdefault((combo.viewer, COINS), Range())
        coins.certain += combo.acknowledged * gift_price_minor
        coins.unknown += _uncertain(combo) * gift_price_minor
    return ranges


def pieces(receipts: Receipts) -> dict[tuple[str, str], Range]:
    """(room, offer) to how many must have been sold."""
    ranges: dict[tuple[str, str], Range] = {}
    for receipt in receipts.orders:
        ranges.setdefault((receipt.room, receipt.offer), Range()).certain += receipt.quantity
    for room, offer, quantity in map(_bought, receipts.unknown_orders):
        ranges.setdefault((room, offer), Range()).unknown += quantity
    return ranges


def show_mismatches(account: Account) -> Iterator[str]:
    """Where what the rooms showed is not what was acknowledged."""
    yield from _gift_mismatches(account)
    yield from _sold_mismatches(account)


def _gift_mismatches(account: Account) -> Iterator[str]:
    seen: Counter[str] = Counter()
    added: Counter[str] = Counter()
    for key, count, more in account.sightings.gifts():
        seen[key] = max(seen[key], count)
        added[key] += more
    for key, combo in account.receipts.combos.items():
        expected = Range(combo.acknowledged, _uncertain(combo))
        if not expected.contains(seen[key]):
            yield f"combo {key}: {expected} gifts acknowledged, shown up to {seen[key]}"
        if added[key] != seen[key]:
            yield f"combo {key}: events add up to {added[key]}, the last says {seen[key]}"


def _sold_mismatches(account: Account) -> Iterator[str]:
    shown = account.sightings.shown_pieces()
    expected: dict[tuple[str, str, str], Range] = {}
    for receipt in account.receipts.orders:
        place = (receipt.room, user_of(account.run, receipt.viewer), receipt.offer)
        expected.setdefault(place, Range()).certain += receipt.quantity
    for purchase in account.receipts.unknown_orders:
        room, offer, quantity = _bought(purchase)
        place = (room, user_of(account.run, purchase.viewer), offer)
        expected.setdefault(place, Range()).unknown += quantity
    for place in expected.keys() | shown.keys():
        wanted = expected.get(place, Range())
        if not wanted.contains(shown[place]):
            yield f"{' '.join(place)}: {wanted} pieces acknowledged, {shown[place]} shown as sold"


def _uncertain(combo: Combo) -> int:
    return max(0, combo.possible - combo.acknowledged)


def _bought(purchase: Purchase) -> tuple[str, str, int]:
    line = purchase.command["lines"][0]
    return purchase.command["room"], line["offer"], line["quantity"]


def total(ranges: Mapping[tuple[str, str], Range]) -> Range:
    counts = Counter[str]()
    for each in ranges.values():
        counts["certain"] += each.certain
        counts["unknown"] += each.unknown
    return Range(counts["certain"], counts["unknown"])

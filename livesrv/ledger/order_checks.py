"""Checks of the audit that follow each order's and each gift's money after it was earned. Pure.

Invariant: what parties give back or get released follows from the order's own split and from what
was refunded before, and from nothing else.
"""

from collections import Counter, deque
from functools import lru_cache

import msgspec
from msgspec import Struct

from .audit_line import AuditLine, Breach
from .entry import GIFTS_UNSETTLED
from .split import Due, earned, release, reversal

CACHED_DUES_MAX = 4_096

_decoder = msgspec.json.Decoder(Due)


@lru_cache(CACHED_DUES_MAX)
def _due(document: bytes) -> Due:
    return _decoder.decode(document)


class OrderMoney:
    """Paid once, refunded at most what was paid, each party its part, released once.

    Keeps what is paid and not wholly refunded; of an order that is a few hundred bytes.
    """

    class _Order(Struct, gc=False):
        due: bytes
        refunded: int = 0
        is_released: bool = False

    def __init__(self, breach: Breach) -> None:
        self._breach = breach
        self._orders: dict[str, OrderMoney._Order] = {}
        self._documents: dict[bytes, bytes] = {}

    def feed(self, line: AuditLine) -> None:
        match line.entry.kind:
            case "order" | "pay":
                self._paid(line)
            case "refund" | "cancel" if line.entry.facts.refunded >= 0:
                self._refunded(line)
            case "settle":
                self._released(line)

    def finish(self) -> None:
        """An order may be at any point of its life."""

    def _paid(self, line: AuditLine) -> None:
        order, due = line.entry.facts.order, bytes(line.entry.facts.due)
        if order in self._orders:
            return self._note(line, f"order {order} is paid a second time")
        if len(self._documents) >= CACHED_DUES_MAX:
            self._documents.clear()
        self._orders[order] = self._Order(self._documents.setdefault(due, due))
        return None

    def _refunded(self, line: AuditLine) -> None:
        facts = line.entry.facts
        order = self._orders.get(facts.order)
        if order is None:
            return self._note(line, f"order {facts.order} is refunded and was never paid")
        due, before, after = _due(order.due), order.refunded, facts.refunded
        if facts.before != before:
            self._note(line, f"order {facts.order}: {before} was refunded, not {facts.before}")
        if not before < after <= due.gross:
            return self._note(
                line, f"order {facts.order}: refunds go to {after} of {due.gross} from {before}"
            )
        order.refunded = after
        moved = _moved(line, due.asset)
        to = next((each for each, _ in moved if _is_outside(each)), "nobody")
        earnings = "available" if order.is_released else "pending"
        wanted = reversal(due, before=before, after=after, earnings=earnings, to=to)
        self._compare(line, moved, wanted)
        if after == due.gross:
            del self._orders[facts.order]
        return None

    def _released(self, line: AuditLine) -> None:
        order = self._orders.get(line.entry.facts.order)
        if order is None or order.is_released:
            return self._note(line, f"order {line.entry.facts.order} has nothing to release")
        order.is_released = True
        due = _due(order.due)
        return self._compare(line, _moved(line, due.asset), release(due, order.refunded))

    def _compare(
        self, line: AuditLine, moved: Counter[tuple[str, str]], wanted: dict[tuple[str, str], int]
    ) -> None:
        for name in sorted(moved.keys() | wanted.keys()):
            if moved[name] != (due := wanted.get(name, 0)):
                order = line.entry.facts.order
                self._note(
                    line, f"order {order} moves {moved[name]} of {' '.join(name)}, not {due}"
                )

    def _note(self, line: AuditLine, text: str) -> None:
        self._breach(f"place {line.place}: {text}")


class GiftMaturity:
    """What gifts have earned becomes available once, out of the basket it was put into."""

    def __init__(self, breach: Breach) -> None:
        self._breach = breach
        self._gifts: deque[tuple[int, bytes]] = deque()
        self._baskets: dict[int, Counter[tuple[str, str]]] = {}

    def feed(self, line: AuditLine) -> None:
        facts = line.entry.facts
        if line.entry.kind == "gift" and facts.due:
            self._gifts.append((line.place, bytes(facts.due)))
        elif line.entry.kind == "commission" and facts.ripe_ms >= 0:
            self._gather(facts.upto, facts.ripe_ms)
        elif line.entry.kind == "maturity":
            self._empty(line)

    def finish(self) -> None:
        """A basket may still be ripening."""

    def _gather(self, upto: int, ripe_ms: int) -> None:
        while self._gifts and self._gifts[0][0] <= upto:
            due = _due(self._gifts.popleft()[1])
            if due.account == GIFTS_UNSETTLED:
                basket = self._baskets.setdefault(ripe_ms, Counter())
                for party, part in earned(due).items():
                    basket[party, due.asset] += part

    def _empty(self, line: AuditLine) -> None:
        ripe_ms = line.entry.facts.ripe_ms
        basket = self._baskets.get(ripe_ms, Counter())
        for account, asset, amount, _ in line.entry.legs:
            kind, _, party = account.partition(":")
            earnt = basket[party, asset]
            if int(amount) != (-earnt if kind == "pending" else earnt):
                self._breach(
                    f"place {line.place}: {account} {asset} moves {amount}, and {party} "
                    f"has {earnt} in the basket of {ripe_ms}"
                )
            if kind == "available":
                del basket[party, asset]
        if not basket:
            self._baskets.pop(ripe_ms, None)


def _moved(line: AuditLine, asset: str) -> Counter[tuple[str, str]]:
    """What a line moves of an asset, by account."""
    moved: Counter[tuple[str, str]] = Counter()
    for account, each, amount, _ in line.entry.legs:
        if each == asset:
            moved[account, asset] += int(amount)
    return moved


def _is_outside(account: str) -> bool:
    """Whether money goes there when it goes back to a buyer."""
    return account.startswith(("wallet:", "returns:"))

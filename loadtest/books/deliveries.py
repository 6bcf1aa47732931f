"""The waterfall's account: comments accepted x members in the room, against what arrived. Pure.

A comment is owed to the members its room has at the moment it is accepted. The server may leave
some out, but has to say how many: `shed` in a batch, or a `gap`. Invariant: a comment that was
never accepted is owed to nobody, and its arrivals are counted apart, so that neither side of
delivered / expected contains what the other does not.
"""

from array import array
from dataclasses import dataclass


@dataclass(frozen=True)
class WaterfallAccount:
    """In deliveries (comments x members).

    `surplus` went to more members than the room had when the comment was accepted, as happens
    while members come. `unacknowledged` belong to comments whose acceptance was never heard of.
    """

    expected: int
    delivered: int
    shed: int
    gap: int
    surplus: int
    unacknowledged: int

    @property
    def missing(self) -> int:
        """Owed, not delivered, and not announced."""
        return max(0, self.expected - self.delivered + self.surplus - self.shed - self.gap)


class Deliveries:
    """What each comment was owed and how often it arrived."""

    def __init__(self, comments: int) -> None:
        self._owed = array("I", bytes(4 * comments))
        self._arrived = array("I", bytes(4 * comments))
        self.arrived_total = 0
        self.shed = 0
        self.gap = 0

    def accept(self, number: int, members: int) -> None:
        """Comment `number` was accepted while its room had `members` members."""
        self._owed[number] = members

    def arrive(self, number: int, members: int) -> None:
        """`members` members have received comment `number`."""
        self._arrived[number] += members
        self.arrived_total += members

    def account(self) -> WaterfallAccount:
        pairs = list(zip(self._owed, self._arrived, strict=True))
        return WaterfallAccount(
            expected=sum(owed for owed, _ in pairs),
            delivered=sum(arrived for owed, arrived in pairs if owed),
            shed=self.shed,
            gap=self.gap,
            surplus=sum(max(0, arrived - owed) for owed, arrived in pairs if owed),
            unacknowledged=sum(arrived for owed, arrived in pairs if not owed),
        )

"""Which comments are shown when not all can be: every author has the same chance. Pure.

Knows nothing of rooms and frames; time and chance are arguments. Invariant: what an author says
more than others gains it nothing, in one flush or over many.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from math import exp, log
from typing import NamedTuple

Comment = tuple[str, bytes]
"""Its author's id, and the encoded drop."""

LATELY_MS = 5_000
"""Time constant in which having been shown is forgotten: some seconds, so that who finds no place
in one short flush has it in one of the next."""
AUTHORS_MAX = 4_096
"""Authors remembered a room; at 200 comments a second some 1,000 of them still count."""
RESERVE_S = 0.5
"""That much of the budget is kept for authors who were shown little."""
SALT_BYTES = 16


class Turn(NamedTuple):
    """When a comment would be chosen; the least first."""

    shown: int
    """How often its author was shown before it: lately, and in this flush."""
    lot: bytes
    place: int


def turns(
    comments: Sequence[Comment], shown_lately: Callable[[str], int], salt: bytes
) -> list[Turn]:
    """The order in which to choose from comments: authors take turns, the least shown first.

    Equals draw lots. Of one author the first said comes first: it stands by itself, and saying more
    does not hasten it. A lot is a keyed hash, so choosing from those chosen before and from new
    ones, under the same salt, is choosing from all.
    """
    shown: dict[str, int] = {}
    lots: dict[str, bytes] = {}
    order: list[Turn] = []
    for place, (author, _) in enumerate(comments):
        if author not in shown:
            shown[author] = shown_lately(author)
            lots[author] = blake2b(author.encode(), digest_size=8, key=salt).digest()
        order.append(Turn(shown[author], lots[author], place))
        shown[author] += 1
    order.sort()
    return order


def part(
    comments: Sequence[Comment], chosen: Sequence[Turn]
) -> tuple[list[Comment], list[Comment]]:
    """The chosen ones and the others, both in order of arrival."""
    places = {turn.place for turn in chosen}
    parted: tuple[list[Comment], list[Comment]] = ([], [])
    for place, comment in enumerate(comments):
        parted[place not in places].append(comment)
    return parted


class Lately:
    """How much was shown of each author lately: counts that decay.

    A later comment weighs more, instead of all earlier ones less, so nothing is touched but what is
    shown. Beyond the bound, authors are forgotten from the least shown up.
    """

    def __init__(self, now_ms: int) -> None:
        self._weights: dict[str, float] = {}
        self._from_ms = self._at_ms = now_ms
        self._weight = 1.0

    def count(self, author: str) -> int:
        """How often, rounded down, so that always being a new author is not an advantage."""
        return int(self._weights.get(author, 0.0) / self._weight)

    def show(self, comments: Sequence[Comment], now_ms: int) -> None:
        """Let time pass, and remember whose comments are being shown."""
        elapsed_ms = max(0, now_ms - self._at_ms)
        self._at_ms += elapsed_ms
        if self._at_ms - self._from_ms > 20 * LATELY_MS:  # before weights outgrow a float
            left = exp(-elapsed_ms / LATELY_MS) / self._weight
            self._weights = {author: weight * left for author, weight in self._most()}
            self._from_ms = self._at_ms
        self._weight = exp((self._at_ms - self._from_ms) / LATELY_MS)
        for author, _ in comments:
            self._weights[author] = self._weights.get(author, 0.0) + self._weight
        if len(self._weights) > AUTHORS_MAX:
            self._weights = dict(self._most())

    def _most(self) -> list[tuple[str, float]]:
        ranked = sorted(self._weights.items(), key=lambda each: -each[1])
        return ranked[: AUTHORS_MAX // 2]


class Budget:
    """Comments that may be shown: `per_s` a second, a second's worth at once.

    Beside that half a second's worth is kept, of which an author gets the less the more was shown
    of it lately. Without it short flushes would show a flooder whenever nobody else speaks in
    them, and the quiet ones who come next would find the budget spent.
    """

    def __init__(self, per_s: int, now_ms: int) -> None:
        self._per_ms = per_s / 1000
        self._reserve = per_s * RESERVE_S
        self._tokens_max = self._tokens = per_s + self._reserve
        self._shown_most = log(1 + per_s * LATELY_MS / 1000)
        self._at_ms = now_ms

    def refill(self, now_ms: int) -> None:
        elapsed_ms = max(0, now_ms - self._at_ms)
        self._tokens = min(self._tokens_max, self._tokens + elapsed_ms * self._per_ms)
        self._at_ms = now_ms

    def covers(self, count: int) -> bool:
        """Whether so many may be shown, whosever they are."""
        return self._tokens - count >= self._reserve

    def admits(self, order: Sequence[Turn]) -> int:
        """How many, from the first turn on, may be shown."""
        for count, turn in enumerate(order):
            if self._tokens - count < 1 + self._kept_from(turn.shown):
                return count
        return len(order)

    def _kept_from(self, shown: int) -> float:
        """What an author of whom so much was shown may not touch, all of it at the most."""
        return self._reserve * min(1.0, log(1 + shown) / self._shown_most)

    def spend(self, count: int) -> None:
        self._tokens -= count

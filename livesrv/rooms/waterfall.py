"""The sheddable lane between two flushes of a room. Pure, and bounded whatever arrives.

Likes fold into one count, viewers into the latest; comments beyond what a batch carries are shed
and counted.
"""

from collections.abc import Sequence

from protocol.codec import Item
from protocol.messages import LikeDrop, ViewersDrop


class Waterfall:
    """Gathers what falls; `take` empties it."""

    def __init__(self, comments_max: int) -> None:
        self._comments_max = comments_max
        self._comments: list[Item] = []
        self._shed = 0
        self._likes = 0
        self._likes_total = 0
        self._viewers: int | None = None

    def comment(self, items: Sequence[Item], shed: int = 0) -> None:
        """Add comments, and how many were shed before they came here."""
        room = self._comments_max - len(self._comments)
        self._comments += items[:room]
        self._shed += shed + max(0, len(items) - room)

    def like(self, count: int, total: int) -> None:
        """Add likes; totals may arrive out of order and never go back."""
        self._likes += count
        self._likes_total = max(self._likes_total, total)

    def viewers(self, count: int) -> None:
        self._viewers = count

    def take(self) -> tuple[list[Item], int]:
        """What has gathered, and how many comments were shed; starts anew."""
        items, shed = self._comments, self._shed
        if self._likes:
            items.append(Item.of(LikeDrop(count=self._likes, total=self._likes_total)))
        if self._viewers is not None:
            items.append(Item.of(ViewersDrop(count=self._viewers)))
        self._comments, self._shed, self._likes, self._viewers = [], 0, 0, None
        return items, shed

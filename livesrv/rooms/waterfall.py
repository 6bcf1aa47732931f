"""The sheddable lane between two flushes of a room. Pure, and bounded whatever arrives.

Likes fold into one count, viewers into the latest. Of comments a fair choice is shown, as many a
second as a room's budget allows; the others are shed and counted. Time and chance are arguments.
Invariant: shown + shed is what arrived.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

from protocol.codec import Item
from protocol.messages import LikeDrop, ViewersDrop

from .fair import SALT_BYTES, Budget, Comment, Lately, Turn, part, turns

OWN_MAX = 100
"""Shed comments of one author that it gets to see itself in a batch: a connection's burst."""


class Fall(NamedTuple):
    """What members see of a flush; beside it, an author sees its `own` shed comments."""

    comments: list[Item]
    authors: list[str]
    """Of the comments, one after the other."""
    shed: int
    own: Mapping[str, list[Item]]
    likes: LikeDrop | None
    viewers: ViewersDrop | None

    @property
    def is_empty(self) -> bool:
        is_folded = self.likes is not None or self.viewers is not None
        return not (self.comments or self.shed or is_folded)

    @property
    def folded(self) -> list[Item]:
        return [Item.of(drop) for drop in (self.likes, self.viewers) if drop is not None]


def in_a_row(falls: Sequence[Fall]) -> Fall:
    """Falls one behind the other, as one."""
    own: dict[str, list[Item]] = {}
    for fall in falls:
        for author, comments in fall.own.items():
            own.setdefault(author, []).extend(comments)
    likes = [fall.likes for fall in falls if fall.likes is not None]
    like = (
        LikeDrop(count=sum(each.count for each in likes), total=likes[-1].total) if likes else None
    )
    viewers = [fall.viewers for fall in falls if fall.viewers is not None]
    return Fall(
        comments=[comment for fall in falls for comment in fall.comments],
        authors=[author for fall in falls for author in fall.authors],
        shed=sum(fall.shed for fall in falls),
        own=own,
        likes=like,
        viewers=viewers[-1] if viewers else None,
    )


class Waterfall:
    """Gathers what falls; `take` empties it.

    `comments_per_s` 0 is no budget: as many are shown as a batch carries. `present` has the authors
    for whom their own shed comments are kept.
    """

    def __init__(
        self,
        *,
        comments_per_s: int,
        comments_max: int,
        present: Container[str],
        randbytes: Callable[[int], bytes],
        now_ms: int,
    ) -> None:
        self._budget = Budget(comments_per_s, now_ms) if comments_per_s else None
        self._comments_max = comments_max
        self._present = present
        self._randbytes = randbytes
        self._lately = Lately(now_ms)
        self._likes_total = 0
        self._start()

    def _start(self) -> None:
        self._salt = self._randbytes(SALT_BYTES)
        self._comments: list[Comment] = []
        self._own: dict[str, list[Item]] = {}
        self._shed = 0
        self._likes = 0
        self._viewers: int | None = None

    def comment(self, comments: Sequence[Comment], shed: int = 0) -> None:
        """Add comments, and how many were shed before they came here."""
        self._comments += comments
        self._shed += shed
        if len(self._comments) > 2 * self._comments_max:  # so that a choice costs little a comment
            self._keep(self._turns()[: self._comments_max])

    def like(self, count: int, total: int) -> None:
        """Add likes; totals may arrive out of order and never go back."""
        self._likes += count
        self._likes_total = max(self._likes_total, total)

    def viewers(self, count: int) -> None:
        self._viewers = count

    def catch(self, fall: Fall) -> None:
        """Add what another waterfall has let fall; what that one has shed stays shed."""
        for author, own in fall.own.items():
            for comment in own:
                self._show_own(author, comment)
        comments = [item.msgpack for item in fall.comments]
        self.comment(list(zip(fall.authors, comments, strict=True)), fall.shed)
        if fall.likes is not None:
            self.like(fall.likes.count, fall.likes.total)
        if fall.viewers is not None:
            self.viewers(fall.viewers.count)

    def take(self, now_ms: int, shown_max: int | None = None) -> Fall:
        """What has gathered, as far as it may be shown now, and `shown_max` at most; starts anew.

        `shown_max` is by default as many as a batch carries, and is not above it.
        """
        self._spend(now_ms, self._comments_max if shown_max is None else shown_max)
        self._lately.show(self._comments, now_ms)
        fall = Fall(
            comments=[Item(comment) for _, comment in self._comments],
            authors=[author for author, _ in self._comments],
            shed=self._shed,
            own=self._own,
            likes=LikeDrop(count=self._likes, total=self._likes_total) if self._likes else None,
            viewers=None if self._viewers is None else ViewersDrop(count=self._viewers),
        )
        self._start()
        return fall

    def _spend(self, now_ms: int, shown_max: int) -> None:
        """Shed what there is no budget for."""
        count = min(len(self._comments), shown_max)
        is_covered = True
        if self._budget is not None:
            self._budget.refill(now_ms)
            is_covered = self._budget.covers(count)
        if not is_covered or count < len(self._comments):
            order = self._turns()[:count]
            admitted = self._budget.admits(order) if self._budget else count
            self._keep(order[:admitted])
        if self._budget is not None:
            self._budget.spend(len(self._comments))

    def _turns(self) -> list[Turn]:
        return turns(self._comments, self._lately.count, self._salt)

    def _keep(self, chosen: Sequence[Turn]) -> None:
        self._comments, shed = part(self._comments, chosen)
        self._shed += len(shed)
        for author, comment in shed:
            if author in self._present:
                self._show_own(author, Item(comment))

    def _show_own(self, author: str, comment: Item) -> None:
        own = self._own.setdefault(author, [])
        if len(own) < OWN_MAX:
            own.append(comment)

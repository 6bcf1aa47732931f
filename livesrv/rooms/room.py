"""A room as one worker knows it: the place in its reliable lane, recent history, snapshot. Pure.

`head` is the number of the last event that has arrived, `seq` of the last one that was flushed to
members; state and history follow the flush, so a member who joins at `seq` misses and repeats
nothing. Invariant: events are flushed in order of their numbers, each once.
"""

from collections import deque
from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Struct

from protocol import messages as m
from protocol.codec import Format, Item

GIFTERS_SHOWN = 10
GIFTERS_KEPT = 1_000
BUYERS_LOADED, BUYERS_KEPT = 5_000, 10_000
"""Who has bought: from the books when a room is opened, some 3 ms, and in all, some 1 MB."""

_events = msgspec.msgpack.Decoder(m.AnyEvent)


class Head(Struct, kw_only=True):
    """What a room starts from: its state in the ledger, and the place that state belongs to."""

    state: m.State
    seq: int
    muted: dict[str, int | None]
    banned: dict[str, int | None]
    gifters: dict[str, m.Gifter]
    buyers: Sequence[str] = ()


class Room:
    """The lanes and the snapshot of one room."""

    def __init__(self, head: Head, *, epoch: str, history_max: int, recent_max: int) -> None:
        self.epoch = epoch
        self.state = head.state
        self.muted = head.muted
        self.banned = head.banned
        self.seq = self.head = head.seq
        self._gifters = head.gifters
        self._buyers = dict.fromkeys(head.buyers)
        self._state_seq = head.seq
        self._pending: list[Item] = []
        self._history_max = history_max
        self._history: deque[Item] = deque(maxlen=history_max)
        self._comments: deque[Item] = deque(maxlen=recent_max)

    # --- the reliable lane

    def remember(self, last: int, events: Sequence[bytes]) -> None:
        """Begin with a history that ends at `last`, which may be behind or ahead of the state."""
        self._history.extend(Item(event) for event in events)
        self.seq = self.head = last
        for number, event in enumerate(events, last - len(events) + 1):
            self._apply(number, _events.decode(event))

    def accept(self, first: int, events: Sequence[bytes]) -> bool:
        """Take consecutive events in; those known already are left out.

        Returns False, with nothing taken beyond it, where there is a hole before the next one.
        """
        for number, event in enumerate(events, first):
            if number > self.head + 1:
                return False
            if number == self.head + 1:
                self._pending.append(Item(event))
                self.head = number
        return True

    def flush(self) -> tuple[list[Item], list[m.AnyEvent]]:
        """What members have not been sent yet, encoded and decoded; it counts as sent now."""
        items, self._pending = self._pending, []
        decoded = [_events.decode(item.msgpack) for item in items]
        for number, event in enumerate(decoded, self.seq + 1):
            self._apply(number, event)
        self._history.extend(items)
        self.seq = self.head
        return items, decoded

    def backfill(self, first: int, events: Sequence[bytes]) -> None:
        """Put consecutive older events in front of the history, as far as they join it and fit."""
        oldest = self.seq - len(self._history) + 1
        older = events[: max(0, oldest - first)]
        fits = self._history_max - len(self._history)
        if first + len(older) == oldest:
            for event in list(reversed(older))[:fits]:
                self._history.appendleft(Item(event))

    def since(self, since: m.Since) -> list[Item] | None:
        """The flushed events after a place; None where they cannot all be told."""
        missed = self.seq - since.seq
        if since.epoch != self.epoch or not 0 <= missed <= len(self._history):
            return None
        return list(self._history)[len(self._history) - missed :]

    # --- who has bought here

    def is_buyer(self, user: str) -> bool:
        """Whether somebody has bought in this room, as far as is remembered here."""
        return user in self._buyers

    @property
    def has_forgotten_buyers(self) -> bool:
        """Whether there may be more buyers than are remembered."""
        return len(self._buyers) >= BUYERS_LOADED

    def note_buyer(self, user: str, *, is_buyer: bool) -> None:
        """Somebody buys, or no longer has anything bought; the oldest make room."""
        self._buyers.pop(user, None)
        if is_buyer:
            self._buyers[user] = None
        if len(self._buyers) > BUYERS_KEPT:
            del self._buyers[next(iter(self._buyers))]

    # --- the snapshot

    def recall_comments(self, comments: Sequence[Item]) -> None:
        """Keep the latest comments for those who join later."""
        self._comments.extend(comments)

    def snapshot(self, format_: Format) -> m.State:
        """The state to send to one who joins, in that one's format."""
        self.state.comments = [item.raw(format_) for item in self._comments]
        by_coins = sorted(self._gifters.values(), key=lambda gifter: -gifter.coins)
        self.state.top_gifters = by_coins[:GIFTERS_SHOWN]
        return self.state

    def _apply(self, number: int, event: m.AnyEvent) -> None:
        """Bring the state up to an event. What it contains already is not applied again."""
        if number <= self._state_seq:
            return
        self._state_seq = number
        state = self.state
        match event:
            case m.Started():
                state.status, state.started_at_ms = "live", event.started_at_ms
            case m.Ended():
                state.status, state.pinned = "ended", []
                self.muted = {u: until for u, until in self.muted.items() if until is not None}
            case m.Pinned():
                self._unpin(event.offer)
                state.pinned.insert(0, _offer(event))
            case m.Unpinned():
                self._unpin(event.offer)
            case m.Stock():
                self._replace(_offer(event))
            case m.Sold() | m.Reserved() | m.Unsold():
                if isinstance(event, m.Sold):
                    self.note_buyer(event.user.id, is_buyer=True)
                for line in event.lines:
                    self._restock(line.offer, line.stock)
            case m.GiftEvent():
                self._credit(event.user, event.coins)
            case m.Removed():
                self._remove(event.comment)
            case m.Muted():
                self.muted[event.user] = event.until_ms
            case m.Unmuted():
                self.muted.pop(event.user, None)
            case m.Banned():
                self.banned[event.user] = event.until_ms
            case m.Unbanned():
                self.banned.pop(event.user, None)
            case m.Settings():
                state.slow_mode_s = event.slow_mode_s
                state.followers_only = event.followers_only
                for name in m.ABOUT_ROOM:
                    if (value := getattr(event, name)) is not UNSET:
                        setattr(state, name, value)

    def _unpin(self, offer: str) -> None:
        self.state.pinned = [pinned for pinned in self.state.pinned if pinned.offer != offer]

    def _replace(self, offer: m.Offer) -> None:
        pinned = self.state.pinned
        self.state.pinned = [offer if each.offer == offer.offer else each for each in pinned]

    def _restock(self, offer: str, stock: int) -> None:
        for pinned in self.state.pinned:
            if pinned.offer == offer:
                pinned.stock = stock

    def _credit(self, user: m.User, coins: int) -> None:
        known = self._gifters.pop(user.id, None)
        self._gifters[user.id] = m.Gifter(user, coins + (known.coins if known else 0))
        if len(self._gifters) > GIFTERS_KEPT:
            least = min(self._gifters.values(), key=lambda gifter: gifter.coins)
            del self._gifters[least.user.id]

    def _remove(self, comment: str) -> None:
        kept = [item for item in self._comments if _comment_id(item) != comment]
        self._comments = deque(kept, maxlen=self._comments.maxlen)


def _offer(event: m.OfferEvent) -> m.Offer:
    return m.Offer(**{name: getattr(event, name) for name in m.Offer.__struct_fields__})


def _comment_id(item: Item) -> str:
    return msgspec.msgpack.decode(item.msgpack, type=m.CommentDrop).comment

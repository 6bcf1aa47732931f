"""A room's two lanes, and the batches they are told in, right or wrong. Pure.

Must not know members beyond their ids, or timers: whoever calls says what time it is. Invariant:
with no fault every event is told once, in its place, to everybody, and so is every comment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .faults import Faults, is_nth
from .shop import Message

EPOCH = "e"
NOTHING = -1
"""What an event came of that no logged command caused."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be told from `due_ms` on; `cause` is the command it came of."""

    due_ms: float
    cause: int
    content: Message


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch for everybody but those `without`, or `only` for some.

    The counts are what the log of frames says of it.
    """

    seq: int
    events: tuple[Item, ...] = ()
    waterfall: tuple[Item, ...] = ()
    shed: int = 0
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    misplaced: int = 0
    repeated: int = 0
    untrue: int = 0

    def is_for(self, user: str) -> bool:
        return user not in self.without and (self.only is None or user in self.only)

    def batch(self, room: str, at_ms: int) -> Message:
        """The message."""
        return {
            "type": "batch",
            "room": room,
            "epoch": EPOCH,
            "seq": self.seq,
            "shed": self.shed,
            "at_ms": at_ms,
            "events": [item.content for item in self.events],
            "waterfall": [item.content for item in self.waterfall],
        }


class Lanes:
    """What happened in a room, and how far it was told. `told` is the number of the last event."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._events: list[Item] = []
        self._waterfall: list[Item] = []
        self._comments = 0
        self._kept = 0
        self._failures = 0
        self._late: list[Parcel] = []
        self.told = 0
        self.hangs_up = False
        """Whether members are to be hung up on, now."""

    @property
    def events(self) -> list[Message]:
        """All that happened in the reliable lane."""
        return [item.content for item in self._events]

    def happen(self, event: Message, cause: int, due_ms: float, at_ms: int) -> None:
        """Give an event the next number of the reliable lane."""
        numbered = {**event, "seq": len(self._events) + 1, "at_ms": at_ms}
        self._events.append(Item(due_ms, cause, numbered))

    def pour(self, drop: Message, cause: int, due_ms: float) -> None:
        """Add something to the waterfall."""
        self._waterfall.append(Item(due_ms, cause, drop))

    def flush(self, now_ms: float, users: Sequence[str]) -> list[Parcel]:
        """What is to be told now to a room with these members."""
        events = self._due_events(now_ms)
        drops = [drop for drop in self._waterfall if drop.due_ms <= now_ms]
        self._waterfall = [drop for drop in self._waterfall if drop.due_ms > now_ms]
        kept, shed = self._sift(drops)
        if not (events or kept or shed):
            return []
        before, self.told = self.told, self.told + len(events)
        parcels = _addressed(Parcel(self.told, events, kept, len(shed)), shed)
        if self._fails(before, events):
            self._failures += 1
            return self._spoilt(parcels, users)
        late, self._late = (self._late, []) if events else ([], self._late)
        return parcels + late

    def recovers(self, since: Message) -> bool:
        """Whether a member that was there, if anywhere, can be told what it missed."""
        is_ours = since.get("epoch") == EPOCH and since["seq"] <= self.told
        return is_ours and not self._faults.has_amnesia

    def missed(self, since: int) -> Parcel:
        """What was told after event `since`."""
        return Parcel(self.told, tuple(self._events[since : self.told]))

    def _due_events(self, now_ms: float) -> tuple[Item, ...]:
        end = self.told
        while end < len(self._events) and self._events[end].due_ms <= now_ms:
            end += 1
        return tuple(self._events[self.told : end])

    def _sift(self, drops: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        """Those that are told, and those that are left out and announced."""
        kept: list[Item] = []
        shed: list[Item] = []
        for drop in drops:
            if drop.content["type"] != "comment":
                kept.append(drop)
                continue
            self._comments += 1
            if is_nth(self._comments - 1, self._faults.drops_comment_every):
                continue
            self._kept += 1
            is_shed = is_nth(self._kept - 1, self._faults.sheds_comment_every)
            (shed if is_shed else kept).append(drop)
        return tuple(kept), tuple(shed)

    def _fails(self, before: int, events: tuple[Item, ...]) -> bool:
        """Whether it is time to do wrong, and something can be done with these events."""
        faults = self._faults
        is_time = before + len(events) >= faults.at_event * (self._failures + 1)
        enough = 2 if faults.swaps_events else 1
        return is_time and self._failures < faults.times and len(events) >= enough

    def _spoilt(self, parcels: list[Parcel], users: Sequence[str]) -> list[Parcel]:
        """The same in the way of the one fault that is switched on."""
        faults = self._faults
        if faults.hangs_up_with:
            self.hangs_up = True
            return [] if faults.hangs_up_on_every == 1 else parcels
        if faults.skips_event:
            return []
        if faults.swaps_batches:
            self._late = [replace(each, misplaced=len(each.events)) for each in parcels]
            return []
        if faults.swaps_events:
            return [_turned_round(each) for each in parcels]
        if faults.doubles_batch:
            return parcels + [replace(each, repeated=len(each.events)) for each in parcels]
        if faults.tells_two_stories and users:
            return [two for each in parcels for two in _two_stories(each, users[0])]
        return parcels


def _addressed(parcel: Parcel, shed: tuple[Item, ...]) -> list[Parcel]:
    """The parcel, and for each author of a comment that was left out one that has it."""
    authors = sorted({item.content["user"]["id"] for item in shed})
    own = [_with_own(parcel, shed, author) for author in authors]
    return [replace(parcel, without=frozenset(authors)), *own]


def _with_own(parcel: Parcel, shed: tuple[Item, ...], author: str) -> Parcel:
    own = tuple(item for item in shed if item.content["user"]["id"] == author)
    waterfall = parcel.waterfall + own
    only = frozenset({author})
    return replace(parcel, waterfall=waterfall, shed=parcel.shed - len(own), only=only)


def _turned_round(parcel: Parcel) -> Parcel:
    events = parcel.events[::-1]
    misplaced = sum(one is not other for one, other in zip(events, parcel.events, strict=True))
    return replace(parcel, events=events, misplaced=misplaced)


def _two_stories(parcel: Parcel, user: str) -> list[Parcel]:
    """The parcel for all but one, who is told that somebody else did it."""
    if parcel.only is not None:
        return [parcel]
    lies = tuple(
        replace(item, content={**item.content, "user": {"id": "else", "name": "", "badges": []}})
        for item in parcel.events
    )
    lie = replace(parcel, events=lies, only=frozenset({user}), untrue=len(lies))
    return [replace(parcel, without=parcel.without | {user}), lie]

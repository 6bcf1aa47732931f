"""What the stub really did, and when. Pure.

A timer's own lateness, a busy core, whatever made the stub do otherwise than it was told: this is
what was done, so this is what the harness has to report. Moments are milliseconds of the clock
that all processes of a machine share (`time.monotonic`). Invariant:
`from_json(as_json(log)) == log`.
"""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Command:
    """A comment, like, gift, order or pin. `told_ms` is None until its reply was written.

    `word` tells it from others: a comment's mark, an order's key, a gift's key and count.
    `members` is how many the room had when it was taken.
    """

    came_ms: float
    kind: str
    user: str
    room: str
    word: str
    members: int = 0
    told_ms: float | None = None
    code: str = ""


@dataclass(slots=True)
class Frame:
    """A batch, and to whom it was written when.

    `comments` and `events` are places in the list of commands: what they came of; -1 is nothing
    there. The events end at number `seq`. `misplaced` events were told out of their place,
    `repeated` ones were told before, `untrue` ones are not what the others were told.
    """

    room: str
    seq: int
    size_bytes: int
    comments: list[int]
    events: list[int]
    shed: int
    misplaced: int = 0
    repeated: int = 0
    untrue: int = 0
    sent: list[tuple[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A `join`, and that the lane had been told up to `seq` then.

    `since` is the number that the member was at, None if it did not say. It is `again` where the
    member was in the room already: it had missed something.
    """

    user: str
    room: str
    came_ms: float
    told_ms: float
    since: int | None
    seq: int
    recovered: bool
    again: bool


@dataclass(slots=True)
class Visit:
    """A connection, from its handshake's request on. `code` is what the stub closed it with."""

    asked_ms: float
    opened_ms: float | None = None
    hello_ms: float | None = None
    welcomed_ms: float | None = None
    ended_ms: float | None = None
    user: str = ""
    code: int = 0
    head_bytes: int = 0


@dataclass(slots=True)
class Log:
    """All of one case. `messages` are the (user, moment, bytes) of whatever is not a batch."""

    commands: list[Command] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    messages: list[tuple[str, float, int]] = field(default_factory=list)
    stocks: dict[str, int] = field(default_factory=dict)
    """What was put on sale, by room and offer (`room/offer`)."""
    sold: dict[str, int] = field(default_factory=dict)
    """Pieces sold of them."""
    orders: list[str] = field(default_factory=list)
    """The numbers of the orders that were accepted."""
    forgotten: list[str] = field(default_factory=list)
    """Those of them that are not found when they are looked up."""
    ends: dict[str, int] = field(default_factory=dict)
    """The number that each room's lane was told up to."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(plain: dict[str, Any]) -> Log:
    """The log that `as_json` wrote. Raises `TypeError` for what is none."""
    frames = [
        {**each, "sent": [(user, at) for user, at in each["sent"]]} for each in plain["frames"]
    ]
    lists = {
        "commands": [Command(**each) for each in plain["commands"]],
        "frames": [Frame(**each) for each in frames],
        "entries": [Entry(**each) for each in plain["entries"]],
        "visits": [Visit(**each) for each in plain["visits"]],
        "messages": [(user, at, size) for user, at, size in plain["messages"]],
    }
    return Log(**{**plain, **lists})

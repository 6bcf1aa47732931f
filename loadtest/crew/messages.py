"""What the director and a crew say to each other, over a socket pair, as pickled values.

Pickles are only exchanged between processes of one run, started by each other. Invariant: a crew
answers each `Ask` with one `Standing`, and sends `Entered`, `Played` and `Left` once each.
"""

import asyncio
import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..books.account import Account
from ..books.latency import Histogram, Measure
from ..client.credentials import Mint
from ..scenario.model import Scenario

FRAME_LENGTH = struct.Struct("!Q")
"""What stands before each message: the length of its pickle."""


@dataclass(frozen=True)
class Gift:
    """What all gifts of a run are."""

    gift: str
    price_minor: int


@dataclass(frozen=True)
class End:
    """Where a room's reliable lane ends."""

    epoch: str
    seq: int


@dataclass(frozen=True)
class Assignment:
    """What a crew plays: everybody whose number modulo `crews` is `crew`.

    Crews of a run that `is_apart` are on several machines: their people come when they are called,
    and their clocks count from the Unix epoch.
    """

    scenario: Scenario
    url: str
    run: str
    room_ids: list[str]
    gift: Gift
    mint: Mint
    ttl_s: float
    crew: int
    crews: int
    is_apart: bool = False


@dataclass(frozen=True)
class Call:
    """These people may be in their rooms from now on; hosts are not waited for."""

    people: Sequence[int]


@dataclass(frozen=True)
class Dismiss:
    """These may not, until they are called again."""

    people: Sequence[int]


@dataclass(frozen=True)
class AllCalled:
    """Nobody else will be called before the show begins."""


@dataclass(frozen=True)
class Begin:
    """The show begins at a moment of the run's clock."""

    start_ms: float


@dataclass(frozen=True)
class Stop:
    """End the show now."""


@dataclass(frozen=True)
class Ask:
    """How does it stand? With `ends`: has everybody reached them?"""

    ends: Mapping[str, End]
    wants_account: bool = False


@dataclass(frozen=True)
class Finish:
    """Close the books where the rooms end, and let everybody go."""

    ends: Mapping[str, End]


@dataclass(frozen=True)
class Entered:
    """Everybody who is there from the first is in, or time is up."""

    bytes_per_viewer: float


@dataclass(frozen=True)
class Beat:
    """A second of one crew. `number` seconds of the show are over; before it, None.

    `counts` are totals so far, among them `reliable.lost`, `errors.…` and `closes.…`, as the
    record's figures are called; `histograms` are of this second alone.
    """

    number: int | None
    counts: dict[str, float]
    histograms: dict[Measure, Histogram]


@dataclass(frozen=True)
class Played:
    """The show is over, after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Standing:
    """`changes` rises with everything that comes."""

    open_count: int
    changes: int
    is_complete: bool
    has_reached: bool
    account: Account | None = None


@dataclass(frozen=True)
class Left:
    """The crew's account, closed; nothing follows."""

    account: Account


def host_of(room_id: str) -> str:
    """The user id of a room's host."""
    return f"{room_id}-host"


async def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Raises `ConnectionError` when the other side is gone."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(FRAME_LENGTH.pack(len(content)))
    writer.write(content)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next message. Raises `asyncio.IncompleteReadError` at the end."""
    (length,) = FRAME_LENGTH.unpack(await reader.readexactly(FRAME_LENGTH.size))
    return pickle.loads(await reader.readexactly(length))

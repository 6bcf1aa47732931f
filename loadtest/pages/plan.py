"""What is measured, for how long, and the limits it is held to. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

SECTIONS = ("weight", "3g", "bytes", "frames", "memory")
FIRST_LOAD_BYTES_MAX = 60_000
"""Of everything a viewer's page loads first, as it goes over the wire, without a video player."""
FRAMES_PER_S_MIN = 50.0
"""Or what an empty page reaches, where that is less."""
HEAP_GROWTH_MAX = 0.05
"""From the first third of the samples to the last one; what is bounded fills up, and then stays."""
HEAP_GROWTH_BYTES_MAX = 300_000
"""Less than this is noise, however small the heap."""


class Conditions(NamedTuple):
    """A line: kbit/s each way, and the time of a round trip. None: as fast as it goes."""

    name: str
    down_kbit_s: float | None
    up_kbit_s: float | None
    round_trip_ms: float

    @property
    def words(self) -> str:
        rates = f"{self.down_kbit_s:g} kbit/s down, {self.up_kbit_s:g} up"
        return f"{rates}, {self.round_trip_ms:g} ms there and back"


UNHINDERED = Conditions("as it is", None, None, 0.0)
THIN_LINES = (
    Conditions("3G", 400, 400, 400),
    Conditions("slow 4G", 1638.4, 750, 150),
)
"""WebPageTest's "3G Slow", and the "Slow 4G" that Lighthouse takes for a phone."""
CPU_SLOWDOWN = 4
"""A cheap phone beside a desk's processor, as Lighthouse has it."""


class Mix(NamedTuple):
    """What is said in a room, each second."""

    comments: float
    gifts: float
    likes: float

    @property
    def words(self) -> str:
        return f"{self.comments:g} comments, {self.gifts:g} gifts and {self.likes:g} likes a second"


LIVELY = Mix(comments=20, gifts=2, likes=5)
"""A show that goes well; what bytes and first sights are measured in."""
GIFTS_PER_S, LIKES_PER_S = 2, 10
"""Beside the comments of the heavy show, in which frames and memory are."""


@dataclass(frozen=True)
class PagesPlan:
    """`seconds` are of bytes (each way) and of frames, `minutes` of memory."""

    url: str
    sections: tuple[str, ...] = SECTIONS
    seconds: float = 60.0
    minutes: float = 10.0
    visits: int = 3
    comments_per_s: float = 200.0

    @property
    def heavy(self) -> Mix:
        return Mix(self.comments_per_s, GIFTS_PER_S, LIKES_PER_S)

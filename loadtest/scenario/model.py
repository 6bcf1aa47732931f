"""A scenario as values: rooms, people, what they do, what befalls them, what is expected. Pure.

Must not know files or servers. Moments are seconds after the show's begin; whoever has no
`arrive` is in before it. Invariant: equal scenarios with equal seeds are equal workloads, whatever
machine or number of processes plays them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

STOCK_DEFAULT = 100_000_000
"""More than any run can sell, where nothing is meant to sell out."""


class BadScenario(ValueError):
    """No scenario can be read; the message has a line for each problem, with file and line."""


class Role(Enum):
    """Who somebody is; what they do of their own accord is in their acts."""

    VIEWER = "viewer"
    CHATTER = "chatter"
    GIFTER = "gifter"
    BUYER = "buyer"
    GUEST = "guest"
    SLOW_READER = "slow_reader"
    CHURNER = "churner"
    HOST = "host"


class Kind(Enum):
    """What somebody does of their own accord. A pin takes the offer down again if it is up."""

    COMMENT = "comment"
    LIKE = "like"
    GIFT = "gift"
    ORDER = "order"
    PIN = "pin"


class Trouble(Enum):
    """What befalls people: their network goes, or they are led into another room."""

    DROP = "drop"
    RAID = "raid"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something on sale in every room of a group. `stock` is never scaled."""

    offer: str
    price_minor: int
    stock: int = STOCK_DEFAULT
    limit_per_buyer: int | None = None


OFFERS_DEFAULT = (
    Offer(offer="peach", price_minor=2_990),
    Offer(offer="tea", price_minor=12_800),
    Offer(offer="honey", price_minor=4_550),
)
"""Prices without a common divisor: a wrong sum cannot look right by accident."""


@dataclass(frozen=True, kw_only=True)
class RoomGroup:
    """`count` rooms alike. A fixed group keeps its count when the scenario is scaled."""

    name: str
    count: int = 1
    offers: tuple[Offer, ...] = OFFERS_DEFAULT
    is_fixed: bool = False


@dataclass(frozen=True)
class Curve:
    """A rate over time: straight lines between `points` of (seconds, per second).

    Two points at one moment are a step. Before the first point and behind the last the rate is 0.
    """

    points: tuple[tuple[float, float], ...]

    def scaled(self, factor: float) -> "Curve":
        return Curve(tuple((at_s, per_s * factor) for at_s, per_s in self.points))


@dataclass(frozen=True)
class Recording:
    """Moments that were recorded, rising.

    `sizes` has a comment's characters, an order's pieces, a gift's number, or taps of like.
    """

    source: str
    moments_s: tuple[float, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a group does. `when` is for the whole group together; its people take turns.

    `offers` are the ones ordered or pinned (all, when empty); without `quantity` an order is of
    one to three pieces.
    """

    kind: Kind
    when: Curve | Recording
    offers: tuple[str, ...] = ()
    quantity: int | None = None


@dataclass(frozen=True, kw_only=True)
class People:
    """`count` people alike, spread evenly over the rooms of the group `rooms`.

    `arrive` counts people a second. A churner stays `stay_s`, is away for `away_s`, and comes
    back, again and again. A slow reader reads only once in `reads_every_s`.
    """

    name: str
    role: Role
    count: int
    rooms: str
    arrive: Curve | None = None
    acts: tuple[Act, ...] = ()
    stay_s: float | None = None
    away_s: float | None = None
    reads_every_s: float | None = None
    is_fixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Incident:
    """At `at_s`, within `within_s`, the `share` of `people` (all, when empty) that trouble finds.

    In a raid they move to the first room of the group `to`.
    """

    trouble: Trouble
    at_s: float
    within_s: float
    people: tuple[str, ...] = ()
    share: float = 1.0
    to: str | None = None


@dataclass(frozen=True)
class Objective:
    """What a figure has to be. `text` is as its author wrote it."""

    text: str
    figure: str
    operator: str
    limit: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """All of it. Every room has a host, who is in it from before the show to its end."""

    name: str
    title: str
    duration_s: float
    rooms: tuple[RoomGroup, ...]
    people: tuple[People, ...]
    incidents: tuple[Incident, ...] = ()
    objectives: tuple[Objective, ...] = ()
    seed: int = 1
    scale: float = 1.0
    text: str = field(default="", compare=False)
    """The lines it was read from, for the report."""

    @property
    def viewers(self) -> int:
        """How many people there are, without the hosts."""
        return sum(group.count for group in self.people if group.role is not Role.HOST)

    def scaled(self, factor: float) -> "Scenario":
        """The same show for a larger or smaller audience: people, rooms and rates alike.

        Every group keeps at least one; what is fixed, stocks and recordings stay as they are. There
        are only whole rooms, and rates follow them: a room stays as lively as it was written, and
        more people never are less load.
        """
        rooms = tuple(_scaled_rooms(group, factor) for group in self.rooms)
        livelier = {
            after.name: factor if after.is_fixed else after.count / before.count
            for before, after in zip(self.rooms, rooms, strict=True)
        }
        return replace(
            self,
            rooms=rooms,
            people=tuple(
                _scaled_people(group, factor, livelier[group.rooms]) for group in self.people
            ),
            scale=self.scale * factor,
        )

    def for_viewers(self, viewers: int) -> "Scenario":
        """Scaled to an audience of about `viewers`."""
        return self.scaled(viewers / self.viewers)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values, without the text."""
        plain = json.dumps(asdict(replace(self, text="")), sort_keys=True, default=_plain)
        return dict(json.loads(plain))

    def workload(self) -> str:
        """A fingerprint of what is played, expectations and names of files aside."""
        played = replace(self, objectives=(), title="", name="", scale=1.0)
        canonical = json.dumps(_without_sources(played.as_json()), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _scaled_rooms(group: RoomGroup, factor: float) -> RoomGroup:
    return group if group.is_fixed else replace(group, count=_scaled_count(group.count, factor))


def _scaled_people(group: People, factor: float, act_factor: float) -> People:
    if group.is_fixed:
        return group
    return replace(
        group,
        count=_scaled_count(group.count, factor),
        acts=tuple(_scaled_act(act, act_factor) for act in group.acts),
        arrive=group.arrive and group.arrive.scaled(factor),
    )


def _scaled_act(act: Act, factor: float) -> Act:
    return replace(act, when=act.when.scaled(factor)) if isinstance(act.when, Curve) else act


def _scaled_count(count: int, factor: float) -> int:
    return max(1, round(count * factor))


def _without_sources(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {key: _without_sources(each) for key, each in plain.items() if key != "source"}
    return [_without_sources(each) for each in plain] if isinstance(plain, list) else plain


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} is not part of a scenario")


def named(groups: Sequence[RoomGroup], name: str) -> RoomGroup:
    """The group of rooms called `name`. Raises `KeyError`."""
    for group in groups:
        if group.name == name:
            return group
    raise KeyError(name)

"""What the stub is told to do wrong, and how much of it. Pure.

Amounts are told here; what was really done is in the stub's log. Invariant: `Faults()` is a server
that keeps all of the wire's promises.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Delay:
    """How long something is kept: `usual_ms`, but each `rare_every`-th `rare_ms` (0: none)."""

    usual_ms: float = 0.0
    rare_ms: float = 0.0
    rare_every: int = 0

    def of(self, number: int) -> float:
        """What number `number`, from 0, waits."""
        is_rare = self.rare_every and (number + 1) % self.rare_every == 0
        return self.rare_ms if is_rare else self.usual_ms


AT_ONCE = Delay()


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Whatever is named `every` happens to every so-many-th; 0 is never.

    What happens in a room's reliable lane happens with the first batch that reaches event
    `at_event`, and again with each further `at_event` events, `times` times in all. What happens
    to one order alone happens to number `at_event`, from 0.
    """

    tick_ms: float = 20.0
    """How long a room collects before it tells."""
    connect: Delay = AT_ONCE
    hello: Delay = AT_ONCE
    join: Delay = AT_ONCE
    replies: Delay = AT_ONCE
    """To gifts and orders."""
    waterfall: Delay = AT_ONCE
    reliable: Delay = AT_ONCE
    """The same for all: the lane keeps its order, so `usual_ms` alone counts."""
    stall_at_s: float = 0.0
    """After the first comment, gift or order."""
    stall_s: float = 0.0
    """For so long nothing is answered, told, or let in."""

    drops_comment_every: int = 0
    sheds_comment_every: int = 0

    at_event: int = 5
    times: int = 1
    skips_event: bool = False
    has_amnesia: bool = False
    doubles_batch: bool = False
    swaps_events: bool = False
    """Within a batch; one of at least two events is waited for."""
    swaps_batches: bool = False
    """The batch is told behind the next, of which there has to be one."""
    tells_two_stories: bool = False
    hangs_up_with: int = 0
    hangs_up_on_every: int = 1
    """Member of the room."""
    moves: bool = False

    refuses_rooms: bool = False
    is_busy_at_first: bool = False
    forgets_order_every: int = 0
    oversells: bool = False
    overcharges: bool = False
    hides_gifts: bool = False
    hides_sale: bool = False
    doubles_update: bool = False
    hides_update: bool = False
    answers_another_id: bool = False
    charges_twice: bool = False
    refuses_order: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(plain: dict[str, Any]) -> Faults:
    """The faults that `as_json` wrote. Raises `TypeError` for what is none."""
    delays = {name: Delay(**value) for name, value in plain.items() if isinstance(value, dict)}
    return Faults(**{**plain, **delays})


def is_nth(number: int, every: int) -> bool:
    """Whether number `number`, from 0, is one of each `every`-th."""
    return bool(every) and (number + 1) % every == 0

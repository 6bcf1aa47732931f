"""How big each row is. Pure."""

from dataclasses import dataclass

from ..process import FILES_SPARE

MEMORY_MEMBERS = 50_000


@dataclass(frozen=True)
class Sizes:
    """Members, rates and seconds. `quick` proves that it works; its figures mean nothing."""

    is_quick: bool = False
    members: int = 2_000
    senders: int = 400
    comments_per_s: int = 4_000
    big_members: int = 10_000
    quiet_members: int = 1_000
    storm_members: int = 10_000
    fair_members: int = 50
    workers_members: int = 1_000
    seconds: float = 8.0
    trial_s: float = 2.0
    trials: int = 7
    orders_per_s: int = 50

    def memory_members(self, files_max: int) -> int:
        """As many as one process may have open, up to what the row asks for."""
        wanted = self.members if self.is_quick else MEMORY_MEMBERS
        return min(wanted, files_max - FILES_SPARE)


FULL = Sizes()
QUICK = Sizes(
    is_quick=True,
    members=50,
    senders=10,
    comments_per_s=100,
    big_members=100,
    quiet_members=40,
    storm_members=50,
    fair_members=10,
    workers_members=40,
    seconds=1.0,
    trial_s=0.5,
    trials=2,
    orders_per_s=20,
)

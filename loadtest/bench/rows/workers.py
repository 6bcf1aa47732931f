"""Does a delivery cost the same CPU when a second worker brings as many members again?

In two rooms, one in each worker; and in one room that both share, each hearing over the bus what is
said in the other.
"""

from statistics import median

from ..finding import Checks, Finding
from ..plan import Sizes
from ..show import Show, Spent, showing, spare_collector
from ..talk import Comments, Pace
from ..visitor import Room, Visitor, workers
from .crowd import SHEDDING_OFF, TALK_MARGIN_S, left_out

COMMENTS_PER_S = 200
SENDERS = 20
RATIO_MIN, RATIO_MAX = 0.85, 1.15
APART, SHARED = "two rooms", "one shared room"


def two_workers(sizes: Sizes) -> list[Finding]:
    """One worker with a room of so many members; two with twice as many; they go where they like.

    Both servers stand side by side and take turns, stretch by stretch, so that a machine that
    changes its speed changes it for both.
    """
    count = sizes.workers_members
    with (
        showing({"workers": 1, **SHEDDING_OFF}, is_pinned=False) as one,
        showing({"workers": 2, **SHEDDING_OFF}, is_pinned=False) as two,
    ):
        alone = _Crowd(one, [count], is_shared=True)
        crowds = {
            APART: _Crowd(two, [count, count], is_shared=False),
            SHARED: _Crowd(two, [2 * count], is_shared=True),
        }
        spare_collector()
        for _ in range(sizes.trials):
            for crowd in (alone, *crowds.values()):
                crowd.talk(sizes)
        return [_finding(two, sizes, alone, crowds)]


class _Crowd:
    """The members of a server's rooms, and what a delivery to them cost its workers."""

    def __init__(self, show: Show, members: list[int], *, is_shared: bool) -> None:
        self._show = show
        names = [f"{'s' if is_shared else 'r'}{number}" for number in range(len(members))]
        self._rooms = [show.open_room(name) for name in names]
        self._groups = [
            _seat(show, room, count, number, is_shared)
            for number, (room, count) in enumerate(zip(self._rooms, members, strict=True))
        ]
        self._delivered = 0
        self.us: list[float] = []
        self.spent: list[Spent] = []
        self.complaints: list[str] = []

    def talk(self, sizes: Sizes) -> None:
        """Comment for a while."""
        show, audience = self._show, self._show.audience
        per_s = COMMENTS_PER_S if not sizes.is_quick else 50
        paces = [
            Pace(
                group[:SENDERS], per_s, round(per_s * sizes.trial_s), Comments(audience, room).send
            )
            for group, room in zip(self._groups, self._rooms, strict=True)
        ]
        with show.measured() as spent:
            audience.agendas += paces
            within_s = sizes.trial_s + TALK_MARGIN_S
            show.wait_for(lambda: all(p.is_over for p in paces), within_s, "all comments sent")
            accounts = [show.settle_down(room) for room in self._rooms]
        delivered = sum(account.delivered for account in accounts)
        self.us.append(spent.workers_cpu_s / max(delivered - self._delivered, 1) * 1e6)
        self.spent.append(spent)
        self.complaints = [line for account in accounts for line in account.complaints()]
        self._delivered = delivered


def _seat(show: Show, room: Room, count: int, number: int, is_shared: bool) -> list[Visitor]:
    """Members of a room, all in one worker unless it is shared; the senders first.

    The kernel picks a connection's worker: as many connect as it takes, and the others go again.
    """
    if is_shared:
        seated = show.commenters(room, SENDERS)
        seated += show.watchers(room, count - SENDERS, first=SENDERS)
        show.let_in(seated)
        return seated
    spare = 4 * count
    senders = show.commenters(room, 4 * SENDERS, enters=False)
    watchers = show.watchers(room, spare, first=4 * SENDERS, enters=False)
    show.let_in(senders + watchers)
    names = workers(senders + watchers)
    name = names[number % len(names)]
    chosen = [_served_by(senders, name)[:SENDERS], _served_by(watchers, name)[: count - SENDERS]]
    seated = [*chosen[0], *chosen[1]]
    for visitor in set(senders + watchers) - set(seated):
        show.audience.drop(visitor)
    for visitor in seated:
        show.audience.join(visitor, room)
    show.wait_for(lambda: not show.audience.is_entering(), TALK_MARGIN_S, "all members joining")
    return seated


def _served_by(visitors: list[Visitor], worker: str) -> list[Visitor]:
    return [visitor for visitor in visitors if visitor.member.session.startswith(worker)]


def _finding(show: Show, sizes: Sizes, alone: _Crowd, crowds: dict[str, _Crowd]) -> Finding:
    checks = Checks()
    ratios = {}
    for kind, crowd in crowds.items():
        pairs = zip(alone.us, crowd.us, strict=True)
        ratios[kind] = median(two / max(one, 1e-9) for one, two in pairs)
        checks.at_most(f"{kind}: CPU per delivery by one worker's", ratios[kind], RATIO_MAX)
        checks.at_least(f"{kind}: CPU per delivery by one worker's", ratios[kind], RATIO_MIN)
    everyone = [alone, *crowds.values()]
    checks.reasons.extend(line for crowd in everyone for line in crowd.complaints)
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    told = ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items())
    return Finding(
        f"two workers with {sizes.workers_members:,} members each, CPU per delivery",
        f"{told} of one worker's {median(alone.us):.2f} µs",
        "within 15% of one worker's",
        checks.verdict(is_disturbed=any(s.is_disturbed for crowd in everyone for s in crowd.spent)),
        {"ratios": ratios, "us_one": alone.us} | {f"us_{k}": c.us for k, c in crowds.items()},
        checks.reasons,
        left_out(show),
    )

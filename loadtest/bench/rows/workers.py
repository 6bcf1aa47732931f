"""Does a delivery cost the same CPU with two workers? Two rooms, and one that both share."""

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
    """The same rooms and comments in one worker and in two; workers go where they like.

    Both servers stand side by side and take turns, stretch by stretch, so that a machine that
    changes its speed changes it for both.
    """
    with (
        showing({"workers": 1, **SHEDDING_OFF}, is_pinned=False) as one,
        showing({"workers": 2, **SHEDDING_OFF}, is_pinned=False) as two,
    ):
        costs = {
            kind: [_Crowd(show, sizes, is_shared=kind == SHARED) for show in (one, two)]
            for kind in (APART, SHARED)
        }
        spare_collector()
        for _ in range(sizes.trials):
            for pair in costs.values():
                for crowd in pair:
                    crowd.talk(sizes)
        return [_finding(two, costs)]


class _Crowd:
    """The members of a server's rooms, and what a delivery to them cost its workers."""

    def __init__(self, show: Show, sizes: Sizes, *, is_shared: bool) -> None:
        count = 1 if is_shared else 2
        each = 2 * sizes.workers_members // count
        self._show = show
        self._rooms = [show.open_room(f"{'s' if is_shared else 'r'}{n}") for n in range(count)]
        self._groups = [
            _seat(show, room, each, number, is_shared) for number, room in enumerate(self._rooms)
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


def _finding(show: Show, costs: dict[str, list[_Crowd]]) -> Finding:
    checks = Checks()
    ratios = {}
    for kind, (one, two) in costs.items():
        ratio = median(b / max(a, 1e-9) for a, b in zip(one.us, two.us, strict=True))
        checks.at_most(f"{kind}: CPU per delivery by one worker's", ratio, RATIO_MAX)
        checks.at_least(f"{kind}: CPU per delivery by one worker's", ratio, RATIO_MIN)
        checks.reasons.extend([*one.complaints, *two.complaints])
        ratios[kind] = ratio
    crowds = [crowd for pair in costs.values() for crowd in pair]
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    us = {kind: [median(crowd.us) for crowd in pair] for kind, pair in costs.items()}
    return Finding(
        "two workers, CPU per delivery by one worker's",
        ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in ratios.items()),
        "within 15% of one worker's",
        checks.verdict(is_disturbed=any(s.is_disturbed for crowd in crowds for s in crowd.spent)),
        {"ratios": ratios, "us_per_delivery": {k: [c.us for c in v] for k, v in costs.items()}},
        checks.reasons,
        [
            f"{kind}: {one:.2f} µs per delivery with one worker, {two:.2f} with two"
            for kind, (one, two) in us.items()
        ]
        + left_out(show),
    )

"""Does a delivery cost the same CPU with two workers? Two rooms, and one that both share."""

from ..finding import Checks, Finding
from ..plan import Sizes
from ..show import Show, Spent, showing, spare_collector
from ..talk import Comments, Pace
from ..visitor import Room, Visitor, workers
from .crowd import SHEDDING_OFF, TALK_MARGIN_S, left_out

COMMENTS_PER_S = 200
SENDERS = 20
RATIO_MIN, RATIO_MAX = 0.85, 1.15


def two_workers(sizes: Sizes) -> list[Finding]:
    """The same rooms and comments in one worker and in two; workers go where they like."""
    with showing({"workers": 1, **SHEDDING_OFF}, is_pinned=False) as show:
        alone = _cost(show, sizes, _rooms(show, 2), is_shared=False)
        alone_shared = _cost(show, sizes, _rooms(show, 1, "s"), is_shared=True)
    with showing({"workers": 2, **SHEDDING_OFF}, is_pinned=False) as show:
        apart = _cost(show, sizes, _rooms(show, 2), is_shared=False)
        shared = _cost(show, sizes, _rooms(show, 1, "s"), is_shared=True)
        return [_finding(show, alone, alone_shared, apart, shared)]


class _Cost:
    """CPU of all workers for one delivery, and what was not right."""

    def __init__(self, us: float, spent: Spent, complaints: list[str]) -> None:
        self.us = us
        self.spent = spent
        self.complaints = complaints


def _rooms(show: Show, count: int, prefix: str = "r") -> list[Room]:
    return [show.open_room(f"{prefix}{number}") for number in range(count)]


def _cost(show: Show, sizes: Sizes, rooms: list[Room], *, is_shared: bool) -> _Cost:
    """Let members in, each room in one worker unless it is shared, and comment for a while."""
    audience = show.audience
    present = len(audience.visitors)
    each = 2 * sizes.workers_members if is_shared else sizes.workers_members
    groups = [_seat(show, room, each, number, is_shared) for number, room in enumerate(rooms)]
    spare_collector()
    per_s = COMMENTS_PER_S if not sizes.is_quick else 50
    paces = [
        Pace(group[:SENDERS], per_s, round(per_s * sizes.seconds), Comments(audience, room).send)
        for group, room in zip(groups, rooms, strict=True)
    ]
    with show.measured() as spent:
        audience.agendas += paces
        within_s = sizes.seconds + TALK_MARGIN_S
        show.wait_for(lambda: all(p.is_over for p in paces), within_s, "all comments being sent")
    accounts = [show.settle_down(room) for room in rooms]
    complaints = [line for account in accounts for line in account.complaints()]
    for visitor in audience.visitors[present:]:
        audience.drop(visitor)
    delivered = sum(account.delivered for account in accounts)
    return _Cost(spent.workers_cpu_s / max(delivered, 1) * 1e6, spent, complaints)


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


def _finding(show: Show, alone: _Cost, alone_shared: _Cost, apart: _Cost, shared: _Cost) -> Finding:
    ratios = {
        "two rooms": apart.us / max(alone.us, 1e-9),
        "one shared room": shared.us / max(alone_shared.us, 1e-9),
    }
    checks = Checks()
    for name, ratio in ratios.items():
        checks.at_most(f"{name}: CPU per delivery by one worker's", ratio, RATIO_MAX)
        checks.at_least(f"{name}: CPU per delivery by one worker's", ratio, RATIO_MIN)
    costs = (alone, alone_shared, apart, shared)
    for cost in costs:
        checks.reasons.extend(cost.complaints)
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return Finding(
        "two workers, CPU per delivery by one worker's",
        told,
        "within 15% of one worker's",
        checks.verdict(is_disturbed=any(cost.spent.is_disturbed for cost in costs)),
        {
            "one_worker_two_rooms_us": alone.us,
            "one_worker_one_room_us": alone_shared.us,
            "two_workers_two_rooms_us": apart.us,
            "two_workers_shared_room_us": shared.us,
        },
        checks.reasons,
        [
            f"µs per delivery: two rooms {alone.us:.3f} and {apart.us:.3f}, one room "
            f"{alone_shared.us:.3f} and {shared.us:.3f} with one and two workers",
            *left_out(show),
        ],
    )

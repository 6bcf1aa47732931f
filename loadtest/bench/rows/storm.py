"""Everybody's connection drops at once and everybody comes back, while gifts and pins go on."""

from ..finding import Checks, Finding
from ..plan import Sizes
from ..show import SETTLE_WITHIN_S, Show, Spent, showing, spare_collector
from ..talk import Gifts, Pace
from ..visitor import Room, Visitor
from .crowd import figures, left_out
from .memory import OFFER

STAYERS = 50
"""Members who stay, so that it is known what the others had to be told again."""
GIVERS = 10
GIFTS_PER_S = 4
"""Each is a frame to every member: what is measured is coming back, not the gifts."""
PIN_EVERY_S = 1.0
AWAY_S = 1.0
BACK_WITHIN_S = 10.0
RECOVERED_MIN = 0.99
WAIT_S = 60.0
ROSE = "rose"


class Pins:
    """The host pins an offer and takes it down again, in turn."""

    def __init__(self, show: Show, room: Room) -> None:
        self._show = show
        self._room = room
        self._is_pinned = False

    def step(self, host: Visitor) -> None:
        kind = "unpin" if self._is_pinned else "pin"
        self._is_pinned = not self._is_pinned
        message = {"type": kind, "room": self._room.name, "offer": OFFER}
        self._show.audience.ask(host, message, lambda _: None)


def storm(sizes: Sizes) -> list[Finding]:
    with showing() as show:
        room = show.open_room("r", payers=GIVERS)
        host, givers = show.host(room), show.payers(room, GIVERS)
        stayers = show.watchers(room, STAYERS, first=GIVERS)
        crowd = show.watchers(room, sizes.storm_members, first=GIVERS + STAYERS)
        show.let_in([host, *givers, *stayers, *crowd])
        spare_collector()
        gifts = Gifts(show.audience, room, room.name, ROSE)
        pins = Pins(show, room)
        endless = 1_000_000
        give = Pace(givers, GIFTS_PER_S, endless, gifts.send)
        show.audience.agendas += [give, Pace([host], 1 / PIN_EVERY_S, endless, pins.step)]
        show.audience.run_for(AWAY_S)
        for visitor in crowd:
            show.audience.drop(visitor)
        show.audience.run_for(AWAY_S)
        show.audience.recovered = 0
        with show.measured() as spent:
            back_s = _come_back(show, crowd)
        show.audience.run_for(AWAY_S)
        show.audience.agendas.clear()
        behind = _settle(show, room)
        return [_finding(sizes, show, gifts, back_s, behind, spent)]


def _come_back(show: Show, crowd: list[Visitor]) -> float:
    """How long until all are back; longer than anybody waits when they are not."""
    audience = show.audience
    began_ms = audience.now_ms()
    audience.enter(crowd)
    audience.until(lambda: not audience.is_entering(), WAIT_S)
    if not all(visitor.is_in for visitor in crowd):
        return WAIT_S
    return (audience.now_ms() - began_ms) / 1000


def _settle(show: Show, room: Room) -> int:
    """Members who are not at the room's last place when nothing comes any more."""
    audience = show.audience
    (reference,) = room.references.values()

    def behind() -> int:
        return sum(visitor.member.seq != reference.seq for visitor in audience.visitors)

    audience.until(lambda: not audience.unanswered and not behind(), SETTLE_WITHIN_S)
    return behind()


def _finding(
    sizes: Sizes,
    show: Show,
    gifts: Gifts,
    back_s: float,
    behind: int,
    spent: Spent,
) -> Finding:
    audience = show.audience
    share = audience.recovered / sizes.storm_members
    checks = Checks()
    checks.at_most("all were back after", back_s, BACK_WITHIN_S, " s")
    checks.at_least("recovered", share, RECOVERED_MIN)
    checks.none("members had not got every reliable event", behind)
    checks.that(gifts.accepted == gifts.sent, f"{gifts.accepted} of {gifts.sent} gifts accepted")
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    checks.reasons.extend(show.faults.examples[:3])
    return Finding(
        f"reconnect storm, {sizes.storm_members:,} members",
        f"all back in {back_s:.1f} s, {share:.2%} recovered; faults in the reliable lane: "
        f"{show.faults.counts.total() + behind}",
        f"<= {BACK_WITHIN_S:g} s, >= {RECOVERED_MIN:.0%} recovered, none missed or doubled",
        checks.verdict(is_disturbed=spent.is_disturbed),
        {
            "back_s": back_s,
            "recovered": share,
            "behind": behind,
            "gifts": gifts.accepted,
            "moved": audience.moved,
            "close_codes": {str(code): n for code, n in audience.close_codes.items()},
            **figures(spent),
        },
        checks.reasons,
        [
            f"told to come back later: {audience.moved:,}; errors {dict(audience.errors)}",
            spent.as_note(),
            *left_out(show),
        ],
    )

"""What is played to prove the instrument: small shows, each with its faults and what must be said.

Pure; must not know how a case is played. Invariant: every case compares figures that its fault
changes with what was done, and the rest of them with nothing having happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from ..record.record import Verdict
from ..scenario.model import (
    OFFERS_DEFAULT,
    Act,
    Curve,
    Kind,
    Offer,
    People,
    Role,
    RoomGroup,
    Scenario,
)
from .faults import Delay, Faults

VIEWERS = 24
ROOMS = 2
MEMBERS = VIEWERS + ROOMS
"""Every room has a host."""
CREWS = 2
FEW = 10
"""Pieces of an offer that sells out."""
_EXACT = Faults(tick_ms=0.0)
"""Everything is told as soon as it is due."""


class Meddling(Enum):
    """What is done to the generator while the show is on."""

    NONE = "none"
    STARVE = "starve"
    KILL = "kill"


@dataclass(frozen=True, kw_only=True)
class Case:
    """`figures` are compared with what was done; `told` are those that follow from the faults.

    `reason` is a part of one of the verdict's reasons.
    """

    name: str
    shows: str
    scenario: Scenario
    faults: Faults = _EXACT
    figures: tuple[str, ...] = ()
    told: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict = Verdict.PASS
    reason: str = ""
    meddling: Meddling = Meddling.NONE


def show(
    duration_s: float,
    *,
    comments_per_s: float = 60,
    gifts_per_s: float = 20,
    orders_per_s: float = 20,
    stock: int | None = None,
    seed: int = 1,
) -> Scenario:
    """A small show, all of its people there from the first, each rate constant."""
    rates = {Kind.COMMENT: comments_per_s, Kind.GIFT: gifts_per_s, Kind.ORDER: orders_per_s}
    acts = tuple(
        Act(kind=kind, when=Curve(((0.0, rate), (duration_s, rate))))
        for kind, rate in rates.items()
        if rate
    )
    few = (Offer(offer="peach", price_minor=2_990, stock=stock or 0),)
    return Scenario(
        name="selftest",
        title="Selftest",
        duration_s=duration_s,
        rooms=(RoomGroup(name="rooms", count=ROOMS, offers=few if stock else OFFERS_DEFAULT),),
        people=(People(name="people", role=Role.CHATTER, count=VIEWERS, rooms="rooms", acts=acts),),
        seed=seed,
    )


def _of(
    *names: str, quantiles: tuple[str, ...] = ("p50_ms", "p90_ms", "p99_ms")
) -> tuple[str, ...]:
    return tuple(f"{name}.{quantile}" for name in names for quantile in quantiles)


_COUNTS = (
    *("comment.acknowledged", "gift.acknowledged", "order.acknowledged", "viewers.opened"),
    *("comment.expected", "comment.delivered", "comment.shed", "comment.missing"),
)
_LANE = (
    *("reliable.expected", "reliable.delivered", "reliable.lost", "reliable.doubled"),
    *("reliable.reordered", "reliable.mismatched", "reliable.holes", "reliable.resnapshots"),
)
_LEDGER = (
    *("ledger.orders_checked", "ledger.orders_missing", "ledger.pieces_sold", "ledger.oversold"),
)
_ALL_COUNTS = (*_COUNTS, *_LANE, *_LEDGER)
_NO_COMMENTS = {"comments_per_s": 0}


def _nothing_wrong() -> Case:
    return Case(
        name="no fault",
        shows="a server that does nothing wrong is not said to",
        scenario=show(1.5),
        figures=(
            *_ALL_COUNTS,
            *("comment.count", "gift_event.count", "sold_event.count", "join.count"),
            "bytes.per_viewer_s",
        ),
        told={
            "comment.delivered": 90 * MEMBERS / ROOMS,
            "reliable.delivered": 60 * MEMBERS / ROOMS,
            "comment.missing": 0,
            "reliable.lost": 0,
        },
    )


def _entry() -> Case:
    """People come one by one: a crowd's handshakes would wait for each other, not for the stub.

    Of a connection, the part before its request is not in the stub's hands: the half will do.
    """
    delays = {"connect": 250.0, "hello": 200.0, "join": 300.0}
    scenario = show(1.7, comments_per_s=0, gifts_per_s=0, orders_per_s=0)
    coming = Curve(((0.0, VIEWERS), (1.0, VIEWERS)))
    people = tuple(replace(each, arrive=coming) for each in scenario.people)
    return Case(
        name="slow entry",
        shows="who is let in late is reported as that late",
        scenario=replace(scenario, people=people),
        faults=Faults(
            connect=Delay(delays["connect"]),
            hello=Delay(delays["hello"]),
            join=Delay(delays["join"]),
        ),
        figures=(
            *_of("hello", "join", quantiles=("p50_ms", "p90_ms")),
            *("connect.count", "hello.count", "join.count", "viewers.opened"),
        ),
        told={f"{name}.p50_ms": delay_ms for name, delay_ms in delays.items()},
    )


def _delays() -> Case:
    lanes = {"comment": 400.0, "comment_service": 400.0, "gift_event": 300.0, "sold_event": 300.0}
    replies = {"gift": 350.0, "gift_service": 350.0, "order": 350.0, "order_service": 350.0}
    every = {**lanes, **replies}
    return Case(
        name="delays",
        shows="what comes late is reported as that late",
        scenario=show(1.5),
        faults=Faults(
            tick_ms=0.0,
            waterfall=Delay(lanes["comment"]),
            reliable=Delay(lanes["gift_event"]),
            replies=Delay(replies["gift"]),
        ),
        figures=(
            *_of(*every, quantiles=("p50_ms", "p90_ms")),
            *_of("comment", "comment_service", "gift_event", quantiles=("p99_ms",)),
            *_ALL_COUNTS,
        ),
        told={f"{name}.p50_ms": delay_ms for name, delay_ms in every.items()},
    )


def _mixture() -> Case:
    return Case(
        name="mixture",
        shows="one slow comment or reply in ten is in the p99, and not in the p50",
        scenario=show(2.0, comments_per_s=100),
        faults=Faults(tick_ms=0.0, waterfall=Delay(20, 200, 10), replies=Delay(30, 300, 10)),
        figures=_of("comment", "comment_service", "gift", "order", quantiles=("p50_ms", "p99_ms")),
        told={
            **{"comment.p50_ms": 20, "comment.p99_ms": 200},
            **{"gift.p50_ms": 30, "gift.p99_ms": 300, "order.p50_ms": 30, "order.p99_ms": 300},
        },
    )


def _stall() -> Case:
    """A share q of the moments falls into the stall of S: its latencies spread evenly over S.

    The least that a share p of all does not exceed is then S x (1 - (1 - p) / q).
    """
    stall_s, duration_s = 0.6, 2.0
    within = stall_s / duration_s
    p90, p99 = (stall_s * 1000 * (1 - (1 - share) / within) for share in (0.9, 0.99))
    return Case(
        name="stall",
        shows="who was to send during a stall has waited: no moment is left out, nobody blamed",
        scenario=show(duration_s, comments_per_s=100, gifts_per_s=50, orders_per_s=50),
        faults=Faults(tick_ms=5.0, stall_at_s=0.7, stall_s=stall_s),
        figures=(
            *_of("comment", "comment_service", "gift", "order", "gift_event"),
            *("comment.max_ms", "order.max_ms", "comment.count"),
            *_ALL_COUNTS,
        ),
        told={"comment.p90_ms": p90, "comment.p99_ms": p99, "order.p99_ms": p99},
    )


def _outage() -> Case:
    return Case(
        name="outage",
        shows="an order that had to wait for a connection counts from its moment, not its sending",
        scenario=show(2.5, **_NO_COMMENTS),
        faults=Faults(tick_ms=20.0, at_event=10, hangs_up_with=1012, moves=True),
        figures=(
            *_of("gift", "order", quantiles=("p50_ms", "p90_ms", "p99_ms")),
            *_of("gift_service", "order_service", quantiles=("p50_ms",)),
            *_of("rejoin", quantiles=("p50_ms", "max_ms")),
            *("rejoin.count", "closes.1012", "viewers.reconnects", "order.acknowledged"),
            *("reliable.lost", "reliable.delivered"),
        ),
        told={"closes.1012": MEMBERS, "viewers.reconnects": MEMBERS},
    )


def _left_out() -> Case:
    return Case(
        name="left out",
        shows="comments that are dropped are told from those left out and announced",
        scenario=show(1.2, comments_per_s=100, gifts_per_s=0, orders_per_s=0),
        faults=Faults(tick_ms=0.0, drops_comment_every=10, sheds_comment_every=4),
        figures=(*_COUNTS, "comment.count"),
        told={"comment.missing": 12 * MEMBERS / ROOMS, "comment.expected": 120 * MEMBERS / ROOMS},
    )


def _lane_case(name: str, shows: str, verdict: Verdict, reason: str, faults: Faults) -> Case:
    return Case(
        name=name,
        shows=shows,
        scenario=show(1.5, gifts_per_s=40, orders_per_s=40, **_NO_COMMENTS),
        faults=replace(faults, tick_ms=60.0, at_event=8, times=3),
        figures=(*_LANE, *_LEDGER),
        verdict=verdict,
        reason=reason,
    )


def _till() -> Case:
    return Case(
        name="false books",
        shows="orders that the ledger forgot, pieces that were not there, wallets that are short",
        scenario=show(1.0, orders_per_s=40, stock=FEW, **_NO_COMMENTS),
        faults=Faults(tick_ms=0.0, forgets_order_every=5, oversells=True, overcharges=True),
        figures=(*_LEDGER, "order.acknowledged", "order.refused"),
        told={"ledger.orders_missing": 8, "order.acknowledged": 40},
        verdict=Verdict.FAIL,
        reason="not in the ledger",
    )


def _sold_out() -> Case:
    return Case(
        name="sold out",
        shows="who came too late is refused, and nobody else",
        scenario=show(1.0, orders_per_s=60, stock=FEW, **_NO_COMMENTS),
        figures=(*_LEDGER, "order.acknowledged", "order.refused", "errors.sold_out"),
        told={"ledger.oversold": 0},
    )


def _busy() -> Case:
    return Case(
        name="busy",
        shows="whoever is told that the server is busy asks again, and pays once",
        scenario=show(1.0, **_NO_COMMENTS),
        faults=Faults(tick_ms=20.0, is_busy_at_first=True),
        figures=("errors.busy", "retries", "gift.acknowledged", "order.acknowledged", *_LEDGER),
        told={"errors.busy": 40, "order.acknowledged": 20},
    )


def _turned_out() -> Case:
    return Case(
        name="close codes",
        shows="who is told not to come back does not, and is owed no more",
        scenario=show(1.2, **_NO_COMMENTS),
        faults=Faults(tick_ms=20.0, at_event=12, hangs_up_with=4409, hangs_up_on_every=2),
        figures=("closes.4409", "viewers.gone", "viewers.reconnects", "reliable.lost"),
        told={"closes.4409": MEMBERS // ROOMS // 2 * ROOMS, "viewers.reconnects": 0},
    )


def _starved() -> Case:
    return Case(
        name="starved",
        shows="a generator that did not get to run says so, and does not blame the server",
        scenario=show(2.0),
        verdict=Verdict.INVALID,
        reason="event loops were late",
        meddling=Meddling.STARVE,
    )


def _killed() -> Case:
    return Case(
        name="killed",
        shows="a run that lost a part of its generator is not valid",
        scenario=show(1.5),
        verdict=Verdict.INVALID,
        reason="was lost",
        meddling=Meddling.KILL,
    )


CASES = (
    _stall(),
    _starved(),
    _lane_case(
        "holes",
        "what was skipped and told again is a hole, and not a loss",
        Verdict.PASS,
        "",
        Faults(skips_event=True),
    ),
    _lane_case(
        "losses",
        "what was skipped and not told again is lost",
        Verdict.FAIL,
        "lost",
        Faults(skips_event=True, has_amnesia=True),
    ),
    _outage(),
    _killed(),
    _lane_case(
        "doubles", "what came twice is doubled", Verdict.FAIL, "twice", Faults(doubles_batch=True)
    ),
    _lane_case(
        "swapped events",
        "events out of their place within a batch are reordered",
        Verdict.FAIL,
        "out of order",
        Faults(swaps_events=True),
    ),
    _mixture(),
    _left_out(),
    _lane_case(
        "swapped batches",
        "a batch that comes behind the next is reordered",
        Verdict.FAIL,
        "out of order",
        Faults(swaps_batches=True),
    ),
    _lane_case(
        "two stories",
        "members who are told different things are noticed",
        Verdict.FAIL,
        "two contents",
        Faults(tells_two_stories=True),
    ),
    _delays(),
    _till(),
    _sold_out(),
    _busy(),
    _entry(),
    _turned_out(),
    _nothing_wrong(),
)
"""Played in this order: what is timed suffers from neighbours, so each has some that only count."""

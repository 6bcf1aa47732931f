"""Records as runs leave them, made up: a minute of a show that passed, failed, or proved nothing.

Equal calls give equal records.
"""

import json
import math
from dataclasses import asdict, replace
from enum import Enum
from random import Random
from typing import Any

from loadtest.record.record import Judged, Machine, Process, Record, Verdict
from loadtest.record.timeline import Timeline
from loadtest.scenario.model import (
    Act,
    Curve,
    Incident,
    Kind,
    Objective,
    People,
    Role,
    RoomGroup,
    Scenario,
    Trouble,
)

SECONDS = 60
VIEWERS = 2_000
DROP_S = 36.0
TITLE = "A steady evening with a dropped network"
SOURCE = """\
name = "steady-evening"
title = "A steady evening with a dropped network"
duration_s = 60
seed = 7

[[rooms]]
name = "rooms"
count = 4

[[people]]
name = "chatters"
role = "chatter"
count = 2000
rooms = "rooms"
arrive = { ramp_s = 10 }

  [[people.acts]]
  kind = "comment"
  per_s = 500

[[incidents]]
trouble = "drop"
at_s = 36
within_s = 2
share = 0.2

[objectives]
expect = [
  "reliable.lost == 0",
  "comment.p99_ms <= 150",
  "order.p99_ms <= 100",
  "comment.reach_pct >= 99",
  "ledger.orders_missing == 0",
]
"""
OBJECTIVES = (
    Objective("reliable.lost == 0", "reliable.lost", "==", 0),
    Objective("comment.p99_ms <= 150", "comment.p99_ms", "<=", 150),
    Objective("order.p99_ms <= 100", "order.p99_ms", "<=", 100),
    Objective("comment.reach_pct >= 99", "comment.reach_pct", ">=", 99),
    Objective("ledger.orders_missing == 0", "ledger.orders_missing", "==", 0),
)
SCENARIO = Scenario(
    name="steady-evening",
    title=TITLE,
    duration_s=SECONDS,
    rooms=(RoomGroup(name="rooms", count=4),),
    people=(
        People(
            name="chatters",
            role=Role.CHATTER,
            count=VIEWERS,
            rooms="rooms",
            arrive=Curve(((0, 200), (10, 200))),
            acts=(Act(kind=Kind.COMMENT, when=Curve(((0, 500), (60, 500)))),),
        ),
    ),
    incidents=(Incident(trouble=Trouble.DROP, at_s=DROP_S, within_s=2.0, share=0.2),),
    objectives=OBJECTIVES,
    seed=7,
)
# What is timed, its median in ms, how wide it spreads, and how often it was timed.
_TIMED = {
    "connect": (6.1, 0.5, 2_400),
    "hello": (2.2, 0.4, 2_400),
    "join": (3.4, 0.5, 2_400),
    "rejoin": (240.0, 0.7, 400),
    "comment": (34.0, 0.42, 14_602_113),
    "comment_service": (31.0, 0.4, 14_602_113),
    "gift": (5.2, 0.55, 3_000),
    "gift_service": (4.6, 0.45, 3_000),
    "gift_event": (29.0, 0.4, 1_498_800),
    "order": (7.9, 0.62, 2_991),
    "order_service": (6.4, 0.5, 2_991),
    "sold_event": (31.0, 0.4, 1_492_020),
    "generator.late": (0.3, 0.8, 36_000),
    "generator.lag": (0.6, 0.7, 6_000),
}
_COUNTS = {
    "viewers.asked": VIEWERS,
    "viewers.opened": VIEWERS,
    "viewers.peak": VIEWERS,
    "viewers.gone": 0,
    "viewers.reconnects": 400,
    "viewers.failed_entries": 0,
    "comment.expected": 14_640_000,
    "comment.delivered": 14_602_113,
    "comment.shed": 35_101,
    "comment.gap": 2_786,
    "comment.missing": 0,
    "comment.surplus": 611,
    "comment.reach_pct": 99.741,
    "reliable.expected": 2_990_820,
    "reliable.delivered": 2_990_820,
    "reliable.lost": 0,
    "reliable.doubled": 0,
    "reliable.reordered": 0,
    "reliable.holes": 3,
    "reliable.resnapshots": 0,
    "reliable.mismatched": 0,
    "reliable.delivered_pct": 100.0,
    "frames.unreadable": 0,
    "frames.per_s": 38_211.0,
    "bytes.per_viewer_s": 18_344.0,
    "deliveries.per_s": 293_215.0,
    "retries": 12,
    "resent": 9,
    "ledger.orders_checked": 2_991,
    "ledger.orders_missing": 0,
    "ledger.orders_wrong": 0,
    "ledger.pieces_sold": 5_988,
    "ledger.stocks_wrong": 0,
    "ledger.oversold": 0,
    "ledger.wallets_checked": 2_000,
    "ledger.wallets_wrong": 0,
    "ledger.shows_wrong": 0,
    "ledger.unverified": 0,
    "rooms.unsettled": 0,
    "generator.cpu_pct_max": 63.0,
    "generator.crews_lost": 0,
    "generator.bytes_per_viewer": 14_336.0,
    "server.cpu_pct_max": 71.4,
    "server.resident_mib": 412.0,
    "server.lag_max_ms": 21.0,
    "server.flush_lag_max_ms": 48.0,
    "server.ledger_ping_max_ms": 6.2,
    "server.ledger_oldest_max_ms": 88.0,
    "server.command_p99_ms": 9.8,
    "errors.sold_out": 6,
    "errors.busy": 3,
    "closes.1001": 4,
}
_COMMANDS = {"comment": 30_000, "like": 12_000, "gift": 3_000, "order": 3_000, "pin": 12}


def passed() -> Record:
    """A run in which all went well."""
    return Record(
        run="3f9a61c2",
        started_at="2026-11-22T14:31:07+00:00",
        url="http://127.0.0.1:8080",
        workload=SCENARIO.workload(),
        scenario=plain(SCENARIO),
        source=SOURCE,
        seconds=float(SECONDS),
        verdict=Verdict.PASS,
        reasons=["All 5 objectives are met.", "All 2,991 acknowledged orders are in the ledger."],
        notes=["9 orders were sent again on a new connection."],
        objectives=_judged(_figures(1.0)),
        figures=_figures(1.0),
        series=_series(1.0).as_series(),
        distributions={timed: _distribution(*shape) for timed, shape in _TIMED.items()},
        machine=Machine(
            cpu="AMD EPYC 7763 64-Core Processor",
            cores=8,
            memory_mib=32_100,
            kernel="Linux 6.1.0-18-amd64",
            python="CPython 3.11.7",
            open_files_max=1_048_576,
            clock="tsc",
        ),
        generator=[
            Process("crew 1", 58.2, 63.0, 141.0, 4.1),
            Process("crew 2", 57.9, 61.7, 140.2, 3.8),
        ],
        server=[
            Process("worker 1", 66.3, 71.4, 121.0, 21.0),
            Process("worker 2", 64.8, 70.1, 119.4, 18.2),
            Process("ledger", 22.0, 31.5, 88.7, 2.0),
        ],
        stores={"ledger": 6.2, "bus": 3.1},
    )


def failed() -> Record:
    """A run of a server that had too little: events were lost and comments came late."""
    good = passed()
    figures = _figures(5.2) | {
        "reliable.lost": 17.0,
        "reliable.delivered": 2_990_803.0,
        "reliable.delivered_pct": 99.99943,
        "order.unknown": 2.0,
        "ledger.orders_missing": 1.0,
        "server.cpu_pct_max": 99.8,
        "closes.4408": 17.0,
    }
    worker = Process("worker 1", 97.1, 99.8, 164.0, 412.0)
    return replace(
        good,
        verdict=Verdict.FAIL,
        reasons=[
            "17 reliable events of 2,990,820 were lost.",
            "99 of 100 comments took up to 465 ms, where 150 ms is the most.",
            "99 of 100 orders took up to 171 ms, where 100 ms is the most.",
            "1 acknowledged order is not in the ledger.",
        ],
        notes=[*good.notes, "17 connections were closed by the server with 4408."],
        objectives=_judged(figures),
        figures=figures,
        series=_series(5.2, lost_at=(37, 38)).as_series(),
        distributions={
            timed: _distribution(median_ms * 5.2, spread, count)
            for timed, (median_ms, spread, count) in _TIMED.items()
        },
        server=[worker, *good.server[1:]],
        bottleneck="Worker 1 used 99.8 % of its core.",
        examples=["order 8d21-c-0412 of viewer v412 was acknowledged and is not in the ledger"],
    )


def invalid() -> Record:
    """A run whose generator had no time to spare."""
    good = passed()
    return replace(
        good,
        verdict=Verdict.INVALID,
        reasons=[
            "Crew 2 used 99.1 % of its core, where 85 % is the most that can be trusted.",
            "1 of 100 actions were sent more than 180 ms late, where 50 ms is the most.",
        ],
        figures=good.figures | {"generator.cpu_pct_max": 99.1, "generator.late.p99_ms": 180.0},
        generator=[good.generator[0], Process("crew 2", 96.0, 99.1, 150.0, 210.0)],
        bottleneck="The generator: crew 2 used 99.1 % of its core.",
    )


def plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a record keeps it."""

    def value(enum: Enum) -> Any:
        return enum.value

    kept: dict[str, Any] = json.loads(json.dumps(asdict(scenario), default=value))
    return kept


def _judged(figures: dict[str, float]) -> list[Judged]:
    meets = {"==": float.__eq__, "<=": float.__le__, ">=": float.__ge__}
    return [
        Judged(
            each.text,
            each.figure,
            figures[each.figure],
            meets[each.operator](figures[each.figure], float(each.limit)),
        )
        for each in OBJECTIVES
    ]


def _figures(slower: float) -> dict[str, float]:
    figures = {name: float(count) for name, count in _COUNTS.items()}
    for timed, (median_ms, spread, count) in _TIMED.items():
        pairs = _distribution(median_ms * slower, spread, count)
        figures[f"{timed}.count"] = float(count)
        for suffix, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)):
            figures[f"{timed}.{suffix}_ms"] = _at(pairs, share)
        figures[f"{timed}.max_ms"] = pairs[-1][0]
    for command, count in _COMMANDS.items():
        refused = 9.0 if command == "order" else 0.0
        figures |= {
            f"{command}.scheduled": float(count),
            f"{command}.sent": float(count),
            f"{command}.acknowledged": count - refused,
            f"{command}.refused": refused,
            f"{command}.skipped": 0.0,
            f"{command}.unknown": 0.0,
        }
    return figures


def _distribution(median_ms: float, spread: float, count: int) -> list[tuple[float, int]]:
    """Log-normal, in 80 steps out to where one of `count` is expected."""
    far = 4.6
    steps = [-far + 2 * far * step / 80 for step in range(81)]
    weights = [math.exp(-step * step / 2) for step in steps]
    scale = count / sum(weights)
    pairs = [
        (round(median_ms * math.exp(spread * step), 3), round(weight * scale))
        for step, weight in zip(steps, weights, strict=True)
    ]
    return [(at_ms, number) for at_ms, number in pairs if number]


def _at(pairs: list[tuple[float, int]], share: float) -> float:
    wanted, seen = share * sum(number for _, number in pairs), 0
    for at_ms, number in pairs:
        seen += number
        if seen >= wanted:
            return at_ms
    return pairs[-1][0]


def _series(slower: float, lost_at: tuple[int, ...] = ()) -> Timeline:
    random, timeline = Random(7), Timeline()
    timeline.phase = "playing"
    for second in range(1, SECONDS + 1):
        timeline.add(float(second), _second(second, slower, random, second in lost_at))
    return timeline


def _second(second: int, slower: float, random: Random, is_losing: bool) -> dict[str, float | None]:
    def near(mean: float, share: float = 0.06) -> float:
        return round(max(0.1 * mean, random.gauss(mean, mean * share)), 3)

    # One in five is away for some seconds after the drop; others have come in by the tenth second.
    away = 0.2 * math.exp(-(second - DROP_S) / 2.5) if second > DROP_S else 0.0
    present = min(1.0, second / 10) * (1 - away)
    strain = slower * (1 + 3 * away)
    return {
        "viewers": round(VIEWERS * present),
        "comments_per_s": near(500),
        "gifts_per_s": near(50, 0.12),
        "orders_per_s": near(50, 0.12),
        "deliveries_per_s": near(293_000 * present),
        "frames_per_s": near(38_000 * present),
        "bytes_per_s": near(36_000_000 * present),
        "comment_p50_ms": near(34 * strain),
        "comment_p99_ms": near(88 * strain, 0.1),
        "gift_event_p99_ms": near(72 * strain, 0.1),
        "order_p99_ms": near(31 * strain, 0.2),
        "connect_p99_ms": near(14 * strain) if second <= 10 or away > 0.01 else None,
        "shed_per_s": near(580, 0.3) if second > 10 else 0.0,
        "lost_per_s": 8.5 if is_losing else 0.0,
        "errors_per_s": float(random.random() < 0.1),
        "closes_per_s": 200.0 if second in (37, 38) else 0.0,
        "generator_cpu_pct": near(57 * present),
        "generator_lag_ms": near(2.1, 0.4),
        "server_cpu_pct": min(100.0, near(65 * present * (1 + 0.1 * slower))),
        "server_lag_ms": near(9 * strain, 0.3),
        "server_resident_mib": 290 + 100 * present + second * 0.3,
        "server_ledger_ping_ms": near(1.4, 0.4),
        "server_ledger_oldest_ms": near(38, 0.4),
    }

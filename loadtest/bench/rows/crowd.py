"""Comments to a whole room: deliveries a second, ten thousand members, and the quiet room."""

from typing import Any

from ..account import Account, percentile
from ..finding import Checks, Finding
from ..plan import Sizes
from ..servers import Settings
from ..show import Show, Spent, showing, spare_collector
from ..talk import Comments, Orders, Pace
from ..visitor import Room, Visitor

SHEDDING_OFF: Settings = {"waterfall_comments_per_s": 0, "waterfall_items_max": 10_000}
DELIVERIES_PER_S = 7_500_000
P99_MS = 200
QUIET_P50_MS, QUIET_P99_MS = 15, 40
QUIET_COMMENTS = 15
BIG_COMMENTS_PER_S = 100
BUYERS = 50
"""So many that each orders once a second: a connection's commands wait for each other."""
SENDERS = 20
ORDER_RATIO_MAX = 2.0
TALK_MARGIN_S = 30.0


def deliveries(sizes: Sizes) -> list[Finding]:
    """Many comments a second into one room."""
    target = f">= {DELIVERIES_PER_S / 1e6:g} M/s, p99 <= {P99_MS} ms"
    with showing(SHEDDING_OFF) as show:
        room = show.open_room("r")
        senders = show.commenters(room, sizes.senders)
        watchers = show.watchers(room, sizes.members - sizes.senders, first=sizes.senders)
        show.let_in(senders + watchers)
        spent, account, first_ms = talk(show, room, senders, sizes.comments_per_s, sizes.seconds)
        per_s = account.delivered / max(account.last_arrival_ms - first_ms, 1) * 1000
        checks = Checks()
        checks.at_least("deliveries", per_s, DELIVERIES_PER_S, "/s")
        told = judge(checks, show, room, account)
        checks.at_most("p99", told["p99_ms"], P99_MS, " ms")
        return [
            Finding(
                f"comment deliveries/s, {sizes.members:,} members",
                f"{per_s / 1e6:.2f} M/s, p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms",
                target,
                checks.verdict(is_disturbed=spent.is_disturbed),
                {"deliveries_per_s": per_s, **told, **figures(spent)},
                checks.reasons,
                [spent.as_note(), *left_out(show)],
            )
        ]


def big_room(sizes: Sizes) -> list[Finding]:
    """Ten thousand members; and orders on the same server, before they come and meanwhile."""
    with showing(SHEDDING_OFF) as show:
        room = show.open_room("r", payers=BUYERS)
        buyers = show.payers(room, BUYERS)
        show.let_in(buyers)
        idle_ms = order_for(show, room, buyers, sizes, "idle")
        senders = show.commenters(room, SENDERS, first=BUYERS)
        rest = sizes.big_members - BUYERS - SENDERS
        show.let_in(senders + show.watchers(room, rest, first=BUYERS + SENDERS))
        orders = Orders(show.audience, room, f"{room.name}-busy")
        count = round(sizes.orders_per_s * sizes.seconds)
        show.audience.agendas.append(Pace(buyers, sizes.orders_per_s, count, orders.send))
        spent, account, _ = talk(show, room, senders, BIG_COMMENTS_PER_S, sizes.seconds)
        return [
            _big_finding(sizes, show, room, account, spent),
            _order_finding(idle_ms, orders, show, spent),
        ]


def quiet_room(sizes: Sizes) -> list[Finding]:
    with showing() as show:
        room = show.open_room("r")
        senders = show.commenters(room, 1)
        show.let_in(senders + show.watchers(room, sizes.quiet_members - 1, first=1))
        per_s, seconds = (1.0, QUIET_COMMENTS) if not sizes.is_quick else (5.0, 1.0)
        spent, account, _ = talk(show, room, senders, per_s, seconds)
        checks = Checks()
        told = judge(checks, show, room, account)
        checks.at_most("p50", told["p50_ms"], QUIET_P50_MS, " ms")
        checks.at_most("p99", told["p99_ms"], QUIET_P99_MS, " ms")
        return [
            Finding(
                f"quiet room, 1 comment/s, {sizes.quiet_members:,} members",
                f"p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms",
                f"p50 <= {QUIET_P50_MS} ms, p99 <= {QUIET_P99_MS} ms",
                checks.verdict(is_disturbed=spent.is_disturbed),
                {**told, **figures(spent)},
                checks.reasons,
                [spent.as_note()],
            )
        ]


def talk(
    show: Show, room: Room, senders: list[Visitor], per_s: float, seconds: float
) -> tuple[Spent, Account, int]:
    """Comment at a fixed pace; what it cost, its account, and when the first one was sent in ms."""
    comments = Comments(show.audience, room)
    pace = Pace(senders, per_s, max(1, round(per_s * seconds)), comments.send)
    spare_collector()
    with show.measured() as spent:
        show.audience.agendas.append(pace)
        show.wait_for(lambda: pace.is_over, seconds + TALK_MARGIN_S, "all comments being sent")
    account = show.settle_down(room)
    return spent, account, room.script.sent_ns[0] // 1_000_000


def order_for(
    show: Show, room: Room, buyers: list[Visitor], sizes: Sizes, name: str
) -> list[float]:
    """Order at a fixed pace for a while; the latencies."""
    orders = Orders(show.audience, room, f"{room.name}-{name}")
    count = round(sizes.orders_per_s * sizes.seconds)
    pace = Pace(buyers, sizes.orders_per_s, count, orders.send)
    show.audience.agendas.append(pace)
    show.wait_for(
        lambda: pace.is_over and not show.audience.unanswered,
        sizes.seconds + TALK_MARGIN_S,
        "all orders being answered",
    )
    return orders.latencies_ms


def judge(checks: Checks, show: Show, room: Room, account: Account) -> dict[str, Any]:
    """Everything delivered and accounted for; the row's common figures."""
    script = room.script
    checks.reasons.extend(account.complaints())
    checks.none("comments without an answer", script.unanswered)
    checks.that(not script.refused, f"comments refused: {dict(script.refused)}")
    checks.that(not show.faults.counts, f"faults: {dict(show.faults.counts)}")
    checks.reasons.extend(show.faults.examples[:3])
    return {
        "p50_ms": percentile(account.latency_ms, 0.50),
        "p99_ms": percentile(account.latency_ms, 0.99),
        "max_ms": max(account.latency_ms, default=0),
        "sent": script.sent,
        "expected": account.expected,
        "delivered": account.delivered,
        "shed": account.shed,
        "gap": account.gap,
        "frames": account.frames,
        "own_frames": account.own_frames,
    }


def figures(spent: Spent) -> dict[str, Any]:
    return {
        "worker_share": spent.worker_share,
        "audience_share": spent.audience_share,
        "others_cores": spent.others_cores,
        "audience_longest_gap_ms": spent.longest_gap_s * 1000,
        "audience_us_per_read": spent.audience_cpu_s / max(spent.reads, 1) * 1e6,
    }


def left_out(show: Show) -> list[str]:
    names = show.server.left_out
    return [f"this server has no setting {', '.join(names)}"] if names else []


def _big_finding(sizes: Sizes, show: Show, room: Room, account: Account, spent: Spent) -> Finding:
    checks = Checks()
    told = judge(checks, show, room, account)
    checks.none("deliveries shed", account.shed)
    checks.none("deliveries skipped for slow members", account.gap)
    checks.at_most("p99", told["p99_ms"], P99_MS, " ms")
    share = account.delivered / max(account.expected, 1)
    return Finding(
        f"{sizes.big_members:,} members, {BIG_COMMENTS_PER_S} comments/s",
        f"{share:.3%} delivered, p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms",
        f"all delivered, p99 <= {P99_MS} ms",
        checks.verdict(is_disturbed=spent.is_disturbed),
        {**told, **figures(spent)},
        checks.reasons,
        [spent.as_note(), *left_out(show)],
    )


def _order_finding(idle_ms: list[float], orders: Orders, show: Show, spent: Spent) -> Finding:
    idle_p99_ms, busy_p99_ms = p99(idle_ms), p99(orders.latencies_ms)
    ratio = busy_p99_ms / max(idle_p99_ms, 1e-9)
    checks = Checks()
    checks.at_most("order p99 by its idle value", ratio, ORDER_RATIO_MAX)
    checks.that(not orders.refused, f"orders refused: {dict(orders.refused)}")
    checks.none("commands without an answer", show.audience.unanswered)
    return Finding(
        "order p99 during that run",
        f"{busy_p99_ms:.1f} ms, idle {idle_p99_ms:.1f} ms: {ratio:.1f} x",
        f"<= {ORDER_RATIO_MAX:g} x idle",
        checks.verdict(is_disturbed=spent.is_disturbed),
        {"idle_p99_ms": idle_p99_ms, "busy_p99_ms": busy_p99_ms, "orders": len(idle_ms)},
        checks.reasons,
    )


def p99(latencies_ms: list[float]) -> float:
    ranked = sorted(latencies_ms)
    return ranked[min(len(ranked) - 1, int(len(ranked) * 0.99))] if ranked else 0.0

"""How long a viewer waits on a thin line, with a slow phone: to the first content that is painted,
to being in the room, to the first comment. Cold, and with what a first visit left in the cache.

Invariant: the line is thin for everything alike, WebSockets too.
"""

from statistics import median
from typing import TYPE_CHECKING

from .finding import Finding, seconds
from .line import Line
from .plan import CPU_SLOWDOWN, LIVELY, THIN_LINES, PagesPlan
from .room import Show
from .visit import address, come_in, device, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

SIGHTS = ("paint", "connected", "comment")
Visits = dict[str, list[float]]


async def entry(browser: "Browser", line: Line, show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        f"time to the first comment, CPU {CPU_SLOWDOWN} times slower",
        ("line", "cache", "first content", "connected", "first comment"),
        notes=[f"{each.name}: {each.words}; without TLS" for each in THIN_LINES],
    )
    finding.notes.append(f"median (least to most) of {plan.visits} visits, since the navigation")
    url = address(plan.url, f"room/{show.room}", show.token("reader", "viewer"))
    async with show.talking(LIVELY):
        for conditions in THIN_LINES:
            line.become(conditions)
            cold, warm = await _visits(browser, url, plan.visits)
            for cache, visits in (("cold", cold), ("warm", warm)):
                shown = (_spread(visits[what]) for what in SIGHTS)
                finding.rows.append((conditions.name, cache, *shown))
                finding.figures[f"{conditions.name}, {cache}"] = {
                    f"{what}_ms": visits[what] for what in SIGHTS
                }
    return finding


async def _visits(browser: "Browser", url: str, count: int) -> tuple[Visits, Visits]:
    cold: Visits = {what: [] for what in SIGHTS}
    warm: Visits = {what: [] for what in SIGHTS}
    for _ in range(count):
        async with device(browser) as context:
            for visits in (cold, warm):
                seen = await _visit(context, url)
                for what in SIGHTS:
                    visits[what].append(seen[what])
    return cold, warm


async def _visit(context: "BrowserContext", url: str) -> dict[str, float]:
    async with tab(context) as (page, cdp):
        await cdp.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
        seen = await come_in(page, url)
        await quiet(page)
        return dict(seen)


def _spread(times_ms: list[float]) -> str:
    middle = seconds(median(times_ms))
    if len(times_ms) == 1:
        return middle
    return f"{middle} ({min(times_ms) / 1000:.2f} to {max(times_ms) / 1000:.2f})"

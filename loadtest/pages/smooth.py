"""Whether the room's page stays smooth while everybody talks: its frames, beside those of an empty
page in the same browser, before and after, with the same talk going on on the same machine.

Invariant: what arrived is told, so that a server that sheds is not taken for a page that is fast.
"""

import asyncio
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING

from .finding import Finding
from .pace import Pace, pace_of
from .plan import FRAMES_PER_S_MIN, PagesPlan
from .room import Show
from .visit import address, come_in, device, metrics, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession

SETTLE_S = 2.0
SHORT_OF = 0.9
"""Less than this share of what was to arrive is said."""
WORK = {"ScriptDuration": "script", "RecalcStyleDuration": "style", "LayoutDuration": "layout"}
_FRAMES = (resources.files(__package__) / "frames.js").read_text()
_EMPTY = (resources.files(__package__) / "empty.js").read_text()


async def smooth(browser: "Browser", show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        f"frames for {plan.seconds:g} s of {plan.heavy.words}",
        ("page", "frames/s", "over 33 ms", "longest"),
    )
    half_ms = plan.seconds * 500
    async with show.talking(plan.heavy):
        before = await _empty(browser, half_ms)
        room = await _room(browser, show, plan, finding)
        after = await _empty(browser, half_ms)
    empty = pace_of(before, after)
    for name, pace in (("/room/ROOM", room), ("empty, moving", empty)):
        finding.rows.append(_row(name, pace))
        finding.figures[name] = pace._asdict()
    least = min(FRAMES_PER_S_MIN, empty.per_s)
    if room.per_s < least:
        finding.missed.append(
            f"/room/ROOM drew {room.per_s:.1f} frames/s; at least {least:.1f} "
            f"(the empty page: {empty.per_s:.1f})"
        )
    return finding


async def _empty(browser: "Browser", lasts_ms: float) -> list[float]:
    async with device(browser) as context, tab(context) as (page, _):
        await page.goto("about:blank")
        await page.evaluate(_EMPTY)
        moments: list[float] = await page.evaluate(_FRAMES, lasts_ms)
    return moments


async def _room(browser: "Browser", show: Show, plan: PagesPlan, finding: Finding) -> Pace:
    url = address(plan.url, f"room/{show.room}", show.token("reader", "viewer"))
    async with device(browser) as context, tab(context) as (page, cdp):
        await cdp.send("Performance.enable")
        await come_in(page, url)
        await quiet(page)
        await asyncio.sleep(SETTLE_S)
        work, tally = await metrics(cdp), show.tally
        moments: list[float] = await page.evaluate(_FRAMES, plan.seconds * 1000)
        finding.notes.append(await _work(cdp, work))
        finding.notes += arrivals(show.tally - tally, plan)
    return pace_of(moments)


async def _work(cdp: "CDPSession", before: dict[str, float]) -> str:
    """What the page's main thread was busy with."""
    now = await metrics(cdp)
    lasted_s = now["Timestamp"] - before["Timestamp"]

    def share(name: str) -> str:
        return f"{(now[name] - before[name]) / lasted_s:.0%}"

    parts = ", ".join(f"{word} {share(name)}" for name, word in WORK.items())
    return f"the page's main thread was busy {share('TaskDuration')} of the time: {parts}"


def arrivals(tally: Counter[str], plan: PagesPlan) -> list[str]:
    """What was said and what of it a viewer was sent, in sentences."""
    said, shown, shed = (tally[name] for name in ("said comment", "comments", "shed"))
    told = [f"{said:,} comments were said; the server showed {shown:,} and left out {shed:,}"]
    if said and shown < SHORT_OF * said:
        told.append(
            "the room shows less than is said: let the server's waterfall_comments_per_s be more "
            f"than {plan.comments_per_s:g}"
        )
    errors = {name: number for name, number in tally.items() if name.startswith(("error", "lost"))}
    told += [f"{name}: {number:,} times" for name, number in sorted(errors.items())]
    return told


def _row(name: str, pace: Pace) -> tuple[str, ...]:
    return name, f"{pace.per_s:.1f}", f"{pace.long_share:.2%}", f"{pace.longest_ms:.0f} ms"

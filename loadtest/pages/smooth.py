"""Whether the room's page stays smooth while everybody talks: its frames, beside those of an empty
page in the same browser, before and after, with the same talk going on on the same machine.

Invariant: what arrived is told, so that a server that sheds is not taken for a page that is fast;
and so is how long the page waited for a core, so that a busy machine is not taken for a slow page.
"""

import asyncio
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from .cores import Turns, busiest, turns
from .finding import Finding
from .pace import Pace, pace_of
from .plan import FRAMES_PER_S_MIN, PagesPlan
from .room import Show
from .visit import address, come_in, device, metrics, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

SETTLE_S = 2.0
SHORT_OF = 0.9
"""Less than this share of what was to arrive is said."""
WAITED_SHARE = 0.1
"""A page that waited longer for a core may not be what was measured."""
WORK = {"ScriptDuration": "script", "RecalcStyleDuration": "style", "LayoutDuration": "layout"}
ROOM, EMPTY = "/room/ROOM", "empty, moving"
_FRAMES = (resources.files(__package__) / "frames.js").read_text()
_EMPTY = (resources.files(__package__) / "empty.js").read_text()


class Look(NamedTuple):
    """Frames' moments in ms, and what the main thread did meanwhile, where that is known."""

    moments: list[float]
    turns: Turns | None


async def smooth(browser: "Browser", show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        f"frames for {plan.seconds:g} s of {plan.heavy.words}",
        ("page", "frames/s", "over 33 ms", "longest", "CPU a frame", "waited for a core"),
        notes=["CPU is the main thread's; drawing itself is the business of others"],
    )
    half_ms = plan.seconds * 500
    async with show.talking(plan.heavy):
        before = await _empty(browser, half_ms)
        room = await _room(browser, show, plan, finding)
        after = await _empty(browser, half_ms)
    drawn = note(finding, ROOM, room)
    empty = note(finding, EMPTY, before, after)
    judge(finding, drawn, empty)
    return finding


async def _empty(browser: "Browser", lasts_ms: float) -> Look:
    async with device(browser) as context, tab(context) as (page, _):
        await page.goto("about:blank")
        await page.evaluate(_EMPTY)
        return await _look(browser, page, lasts_ms)


async def _room(browser: "Browser", show: Show, plan: PagesPlan, finding: Finding) -> Look:
    url = address(plan.url, f"room/{show.room}", show.token("reader", "viewer"))
    async with device(browser) as context, tab(context) as (page, cdp):
        await cdp.send("Performance.enable")
        await come_in(page, url)
        await quiet(page)
        await asyncio.sleep(SETTLE_S)
        work, tally = await metrics(cdp), show.tally
        look = await _look(browser, page, plan.seconds * 1000)
        finding.notes.append(await _work(cdp, work))
        finding.notes += arrivals(show.tally - tally, plan)
    return look


async def _look(browser: "Browser", page: "Page", lasts_ms: float) -> Look:
    before = await turns(browser)
    moments: list[float] = await page.evaluate(_FRAMES, lasts_ms)
    return Look(moments, busiest(before, await turns(browser)))


async def _work(cdp: "CDPSession", before: dict[str, float]) -> str:
    """What the page's main thread was at."""
    now = await metrics(cdp)
    lasted_s = now["Timestamp"] - before["Timestamp"]

    def share(name: str) -> str:
        return f"{(now[name] - before[name]) / lasted_s:.0%}"

    parts = ", ".join(f"{word} {share(name)}" for name, word in WORK.items())
    return (
        f"{ROOM}'s main thread was at work {share('TaskDuration')} of the time, waiting for a core "
        f"included: {parts}"
    )


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


def note(finding: Finding, name: str, *looks: Look) -> Pace:
    """Write a page's row and figures; its pace."""
    pace = pace_of(*(look.moments for look in looks))
    known = [look.turns for look in looks if look.turns]
    ran_ms = 1000 * sum(each.ran_s for each in known) / pace.frames
    waited = sum(each.waited_s for each in known) / (pace.frames / pace.per_s)
    finding.rows.append(
        (
            name,
            f"{pace.per_s:.1f}",
            f"{pace.long_share:.2%}",
            f"{pace.longest_ms:.0f} ms",
            f"{ran_ms:.1f} ms" if known else "unknown",
            f"{waited:.0%}" if known else "unknown",
        )
    )
    told = {"cpu_ms_per_frame": ran_ms, "waited_share": waited} if known else {}
    finding.figures[name] = {**pace._asdict(), **told}
    return pace


def judge(finding: Finding, room: Pace, empty: Pace) -> None:
    """Hold the room's page, whose row is noted, to its limit."""
    least = min(FRAMES_PER_S_MIN, empty.per_s)
    if room.per_s >= least:
        return
    finding.missed.append(
        f"{ROOM} drew {room.per_s:.1f} frames/s; at least {least:.1f} "
        f"(the empty page: {empty.per_s:.1f})"
    )
    waited = finding.figures[ROOM].get("waited_share", 0.0)
    if waited > WAITED_SHARE:
        finding.notes.append(
            f"{ROOM} was ready and waited for a core {waited:.0%} of the time: the machine, and "
            "not the page, may be what was measured"
        )

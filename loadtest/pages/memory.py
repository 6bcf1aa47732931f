"""Whether the room's page keeps what it should forget: its heap after a forced collection, its
nodes and its listeners, at even intervals of a heavy show.

Invariant: the first samples are taken when the page is full, for what is bounded fills up first.
"""

import asyncio
from typing import TYPE_CHECKING

from .finding import Finding, megabytes
from .growth import Growth, growth_of
from .plan import PagesPlan
from .room import Show
from .smooth import arrivals
from .visit import address, come_in, device, metrics, quiet, tab

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession

SAMPLES = 21
WARM_UP_SHARE = 0.1
KEPT = {"JSHeapUsedSize": "heap", "Nodes": "nodes", "JSEventListeners": "listeners"}
Samples = dict[str, list[float]]


async def memory(browser: "Browser", show: Show, plan: PagesPlan) -> Finding:
    finding = Finding(
        f"memory over {plan.minutes:g} min of {plan.heavy.words}",
        ("of the page", "first", "first third", "last third", "last", "a minute"),
        notes=[f"{SAMPLES} samples, each after a forced garbage collection"],
    )
    url = address(plan.url, f"room/{show.room}", show.token("reader", "viewer"))
    async with show.talking(plan.heavy), device(browser) as context, tab(context) as (page, cdp):
        await cdp.send("Performance.enable")
        await come_in(page, url)
        await quiet(page)
        await asyncio.sleep(plan.minutes * 60 * WARM_UP_SHARE)
        tally = show.tally
        samples = await _sampled(cdp, plan.minutes * 60)
        finding.notes += arrivals(show.tally - tally, plan)
    _judge(finding, samples)
    return finding


async def _sampled(cdp: "CDPSession", lasts_s: float) -> Samples:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    samples: Samples = {"minutes": [], **{name: [] for name in KEPT}}
    for number in range(SAMPLES):
        due_s = began_s + number * lasts_s / (SAMPLES - 1)
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        await cdp.send("HeapProfiler.collectGarbage")
        now = await metrics(cdp)
        samples["minutes"].append((loop.time() - began_s) / 60)
        for name in KEPT:
            samples[name].append(now[name])
    return samples


def _judge(finding: Finding, samples: Samples) -> None:
    for name, word in KEPT.items():
        growth = growth_of(samples["minutes"], samples[name])
        finding.rows.append(_row(word, samples[name], growth))
        finding.figures[word] = {**growth._asdict(), "samples": samples[name]}
    heap = growth_of(samples["minutes"], samples["JSHeapUsedSize"])
    if not heap.is_flat:
        finding.missed.append(
            f"the heap grew from {megabytes(heap.early)} to {megabytes(heap.late)}, "
            f"{heap.per_min / 1000:,.1f} KB a minute"
        )


def _row(word: str, values: list[float], growth: Growth) -> tuple[str, ...]:
    shown = (values[0], growth.early, growth.late, values[-1])
    if word == "heap":
        return word, *map(megabytes, shown), f"{growth.per_min / 1000:+,.1f} KB"
    return word, *(f"{value:,.0f}" for value in shown), f"{growth.per_min:+.1f}"

"""Whether a page's main thread got a core when it wanted one, where the system tells (Linux).

Invariant: what the system does not tell is left out, and never fails.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.async_api import Browser

PROC = Path("/proc")
_NS_PER_S = 1e9


class Turns(NamedTuple):
    """Seconds that a thread ran, and that it was ready and had to wait."""

    ran_s: float
    waited_s: float


async def turns(browser: "Browser") -> dict[int, Turns]:
    """Of the main threads of all pages' processes so far."""
    cdp = await browser.new_browser_cdp_session()
    try:
        told = await cdp.send("SystemInfo.getProcessInfo")
    finally:
        await cdp.detach()
    renderers = [each["id"] for each in told["processInfo"] if each["type"] == "renderer"]
    return {pid: found for pid in renderers if (found := _read(pid))}


def busiest(before: dict[int, Turns], after: dict[int, Turns]) -> Turns | None:
    """Of the process that ran most meanwhile: the page that was looked at."""
    meanwhile = [
        Turns(now.ran_s - before[pid].ran_s, now.waited_s - before[pid].waited_s)
        for pid, now in after.items()
        if pid in before
    ]
    return max(meanwhile, default=None)


def _read(pid: int) -> Turns | None:
    try:
        ran_ns, waited_ns, _ = (PROC / str(pid) / "schedstat").read_text().split()
        return Turns(int(ran_ns) / _NS_PER_S, int(waited_ns) / _NS_PER_S)
    except (OSError, ValueError):
        return None

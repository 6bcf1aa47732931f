"""Looks at this machine, and at the server's `/metrics`, for the checks before a run.

Invariants: nothing is changed and nothing is loaded; what cannot be read is None, and a server that
does not answer within `ANSWER_WITHIN_S` is one that is not there.
"""

import asyncio
import os
import resource
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from ..checkout.machine import busy_s
from ..client.audience import LOOPBACK_ADDRESSES
from ..client.credentials import LOOPBACK_HOSTS
from ..process import cores
from ..record.machine import clock, read
from ..run.exposition import parsed
from ..scenario.model import Scenario
from .checks import Check, Files, Need, Server, Surroundings, judge

ANSWER_WITHIN_S = 5.0
BUSY_LOOK_S = 0.5
UNLIMITED = 2**63 - 1
SYS = Path("/proc/sys")
FILES = ("process_open_files", "process_open_files_max", "connections", "connections_max")
ADVICE_SECRET = (
    "pass --data-dir DIR, or set LIVESRV_JWT_SECRET: from elsewhere a server tells its limits "
    "only to who has a token of operations"
)


async def preflight(
    scenario: Scenario, crews: int, url: str, token: str | None = None
) -> list[Check]:
    """What will, or may, stop a scenario that so many processes play against a server.

    `token` is of operations; a server on this machine needs none.
    """
    server, surroundings = await asyncio.gather(look_at_server(url, token), look_around(url))
    return judge(need_of(scenario, crews), surroundings, server)


def need_of(scenario: Scenario, crews: int) -> Need:
    hosts = sum(group.count for group in scenario.rooms)
    return Need(viewers=scenario.viewers + hosts, crews=crews)


async def look_around(url: str) -> Surroundings:
    """This machine; takes `BUSY_LOOK_S`."""
    return Surroundings(
        cores=cores(),
        addresses=LOOPBACK_ADDRESSES if _host(url) in LOOPBACK_HOSTS else 1,
        files_max=_files_max(),
        all_files=_pair(_numbers(SYS / "fs/file-nr"), 0, 2),
        ports=_pair(_numbers(SYS / "net/ipv4/ip_local_port_range"), 0, 1),
        memory_available_bytes=_available_bytes(),
        busy_pct=await _busy_pct(),
        clock=clock(),
        clock_step_ms=time.get_clock_info("monotonic").resolution * 1000,
        backlog_max=next(iter(_numbers(SYS / "net/core/somaxconn")), None),
        tracked=_tracked(),
    )


async def look_at_server(url: str, token: str | None = None) -> Server:
    is_here = _host(url) in LOOPBACK_HOSTS
    try:
        scrape = parsed(await _metrics(url, token), frozenset(FILES))
    except ValueError as error:
        return Server(url=url, is_here=is_here, silence=str(error), advice=ADVICE_SECRET)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return _silent(url, is_here, "nobody answers there")
    workers = tuple(
        _files_of(name, keys) for name, keys in sorted(scrape.items()) if "connections" in keys
    )
    if not workers:
        return _silent(url, is_here, "what answers there is no livesrv")
    return Server(url=url, is_here=is_here, workers=workers)


def _silent(url: str, is_here: bool, why: str) -> Server:
    advice = f"start the server at {url}, or name another one with --url, and look again"
    return Server(url=url, is_here=is_here, silence=why, advice=advice)


async def _metrics(url: str, token: str | None) -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url.rstrip("/") + "/metrics", headers=headers) as answer,
    ):
        if answer.status != 200:
            raise ValueError(f"/metrics was answered {answer.status}")
        return await answer.text()


def _files_of(name: str, keys: dict[str, float]) -> Files:
    """Kernels before 6.2 do not tell of open files: then they are its connections."""
    files = keys.get("process_open_files", keys["connections"])
    return Files(
        name, int(files), _whole(keys, "process_open_files_max"), _whole(keys, "connections_max")
    )


def _whole(keys: dict[str, float], key: str) -> int | None:
    return int(keys[key]) if key in keys else None


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _files_max() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if hard == resource.RLIM_INFINITY else hard


def _available_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    for line in read(meminfo).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


async def _busy_pct() -> float | None:
    """Of all cores of this machine, whoever has them, over `BUSY_LOOK_S`."""
    before_s, began_s = busy_s(), time.monotonic()
    await asyncio.sleep(BUSY_LOOK_S)
    spent_s, passed_s = busy_s() - before_s, time.monotonic() - began_s
    return 100 * spent_s / passed_s / (os.cpu_count() or 1) if before_s else None


def _tracked() -> tuple[int, int] | None:
    folder = SYS / "net/netfilter"
    count, most = _numbers(folder / "nf_conntrack_count"), _numbers(folder / "nf_conntrack_max")
    return (count[0], most[0]) if count and most else None


def _numbers(path: Path) -> list[int]:
    return [int(word) for word in read(path).split()]


def _pair(numbers: list[int], first: int, second: int) -> tuple[int, int] | None:
    return (numbers[first], numbers[second]) if len(numbers) > second else None

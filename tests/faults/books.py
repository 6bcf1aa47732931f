"""What the server's books say, read through its own doors: the audit and HTTP."""

import asyncio
import json
import subprocess
from typing import Any

from tests.server import LIVESRV, Server
from tests.waiting import until_awaited
from tests.wire.shapes import Message
from tests.wire.stage import Show, Stage

SETTLED_WITHIN_S = 15.0
READERS_MAX = 16
"""Requests at a time."""


async def settled(server: Server) -> None:
    """Return when the books are clean and every sale has its commission; fails if late."""

    async def is_settled() -> bool:
        report = await asyncio.to_thread(audit, server)
        assert report["clean"], report
        return bool(report["unsettled"] == 0)

    await until_awaited(is_settled, within_s=SETTLED_WITHIN_S)


def audit(server: Server) -> dict[str, Any]:
    """The report of `livesrv audit --json`, whose exit status must agree with it."""
    done = subprocess.run(
        [*LIVESRV, "audit", "--json", "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if report["clean"] else 1), done.stdout + done.stderr
    return report


async def stock_left(stage: Stage, room: str) -> dict[str, int]:
    """Pieces left of each offer of a room."""
    found = await stage.http.get(f"/v1/rooms/{room}/offers")
    return {offer["offer"]: offer["stock"] for offer in found["offers"]}


async def wallets(stage: Stage, users: list[str]) -> dict[str, dict[str, int]]:
    """What each user holds, by currency."""
    gate = asyncio.Semaphore(READERS_MAX)

    async def holding(user: str) -> dict[str, int]:
        async with gate:
            wallet = await stage.http.get("/v1/wallet", token=stage.server.token(user))
        return {each["currency"]: each["balance_minor"] for each in wallet["balances"]}

    return dict(zip(users, await asyncio.gather(*map(holding, users)), strict=True))


async def orders(stage: Stage, show: Show, order_ids: list[str]) -> dict[str, Message]:
    """Those orders as their host reads them."""
    gate = asyncio.Semaphore(READERS_MAX)

    async def sheet(order_id: str) -> Message:
        async with gate:
            return await stage.http.get(f"/v1/orders/{order_id}", token=show.token)

    return dict(zip(order_ids, await asyncio.gather(*map(sheet, order_ids)), strict=True))

"""A second server that comes in mid-show, shares the stores of the first, and goes again."""

import asyncio
import json
from random import Random
from urllib.parse import urlsplit

from tests.faults.crowd import Crowd
from tests.faults.shares import GIFT_CARD_BPS, ORDER_CARD_BPS
from tests.server import Serve, Server
from tests.waiting import until
from tests.wire.stage import fresh

from .hosts import Hosts, goes_on, play

MOVED = 5
"""Members who have come to the second server before it goes."""
MOVED_WITHIN_S = 60.0


async def test_workers_that_come_and_go_in_mid_show_lose_and_double_nothing(
    serve: Serve, seed: int
) -> None:
    cards = {"gift_card_bps": GIFT_CARD_BPS, "order_card_bps": ORDER_CARD_BPS, "workers": 1}
    first = await asyncio.to_thread(serve, **cards)
    resolved = json.loads((first.data_dir / "run.json").read_bytes())
    shared = {name: resolved[name] for name in ("ledger_url", "bus_url", "jwt_secret")}
    async with Hosts([first], [fresh("room")]) as stage:

        async def come_and_go(crowds: list[Crowd]) -> None:
            second = await asyncio.to_thread(serve, **cards, **shared)
            stage.servers = [first, second]
            await until(lambda: members_at(stage, second) >= MOVED, within_s=MOVED_WITHIN_S)
            await goes_on(crowds)
            stage.servers = [first]
            await asyncio.to_thread(second.stop)
            await goes_on(crowds)

        await play(stage, Random(seed), come_and_go, is_roaming=True)


def members_at(stage: Hosts, server: Server) -> int:
    port = urlsplit(server.url).port
    here = [client for client in stage.clients if client.is_open and client.rooms]
    return sum(client.socket.remote_address[1] == port for client in here)

"""`/metrics`: the numbers of all processes of this server, for a machine that watches it.

They say nothing of any person, and much of how the server does: so they are for machines of ours
that ask directly, which need no token, and for operations people from anywhere.
"""

import asyncio

from aiohttp import web

from livesrv import metrics
from livesrv.bulletin import Bulletin
from livesrv.turnstile import Turnstile

from .desk import Desk
from .openapi import Route


class MetricsEndpoint:
    def __init__(self, desk: Desk, turnstile: Turnstile, bulletin: Bulletin) -> None:
        self._desk = desk
        self._turnstile = turnstile
        self._bulletin = bulletin
        self.routes = [
            Route("GET", "/metrics", "ops, or a trusted machine without a token", self._metrics)
        ]

    async def _metrics(self, request: web.Request) -> web.Response:
        """Prometheus's text format."""
        if not self._turnstile.is_ours(request):
            self._desk.ops(request)
        snapshots = await self._bulletin.read()
        # 64 workers are 43 ms of writing; beside a thread the loop has its turn every 5 ms.
        text = await asyncio.to_thread(metrics.exposition, snapshots)
        response = web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})
        response.enable_compression()  # a fifth: names and helps are the same in every line
        return response

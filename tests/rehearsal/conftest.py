"""A worker's way to the rehearsal, without the worker."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from livesrv.api.http import problem
from livesrv.refusal import Refused
from livesrv.rehearsal.proxy import Proxy
from protocol.codes import HTTP_STATUS

Front = Callable[[Path], Awaitable[str]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        status = HTTP_STATUS[refused.code]
        return problem(status, refused.code, refused.message, refused.retry_after_ms)


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    """Serves the proxy to the server in a directory; its URL, ending in /rehearsal."""
    async with AsyncExitStack() as stack:

        async def serve(directory: Path) -> str:
            app = web.Application(middlewares=[_refusing], client_max_size=65_536)
            proxy = Proxy(directory)
            proxy.add_routes(app.router)
            app.on_cleanup.append(proxy.close)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port: int = runner.addresses[0][1]
            return f"http://127.0.0.1:{port}/rehearsal"

        yield serve

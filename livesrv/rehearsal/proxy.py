"""The way into the rehearsal: what a worker is asked under /rehearsal/ it passes on to that server.

Must not know what is asked. Invariants: nothing goes anywhere but to the server that runs in the
rehearsal's own directory now, on this machine; what is under way is bounded, and ends in time.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from pathlib import Path

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request, Response
from yarl import URL

from livesrv import datadir
from livesrv.door import take_over
from livesrv.refusal import Refused
from protocol.codes import ErrorCode

from . import tunnel
from .headers import UPGRADE, answered, asked, asks_for_websocket
from .practice import HOST

PREFIX = "/rehearsal"
REQUESTS_MAX = 64
"""Of a worker under way at once; more wait for a connection, and then are told to come back."""
TUNNELS_MAX = 1_000
CONNECT_S = 2.0
READ_S = 20.0
WHOLE_S = 60.0
"""For a whole answer, be it the client that is slow."""
CHUNK_BYTES = 65_536
AWAY_RETRY_MS = 1_000
AWAY = (aiohttp.ClientError, InvalidHandshake, OSError, TimeoutError)


class Proxy:
    """One worker's way to the rehearsal whose DATA_DIR is `directory`. Close it in the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._session: aiohttp.ClientSession | None = None
        self._tunnels: set[asyncio.Transport] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get(PREFIX, self._redirect)
        router.add_route("*", PREFIX + "/{path:.*}", self._pass_on)

    async def close(self, _: web.Application | None = None) -> None:
        """End what is under way."""
        for near in list(self._tunnels):
            near.abort()
        if self._session is not None:
            await self._session.close()

    async def _redirect(self, _: web.Request) -> web.Response:
        """Relative, because whoever stands in front of us may have a prefix of its own."""
        return web.Response(status=308, headers={hdrs.LOCATION: PREFIX.strip("/") + "/"})

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        target = request.rel_url.raw_path_qs.removeprefix(PREFIX)
        if not target.isascii():
            raise Refused(ErrorCode.INVALID, "the path has characters that are not ASCII")
        port = datadir.port(self._directory)
        if port is None:
            raise _away("it is starting")
        pass_on = self._tunnel if asks_for_websocket(request.headers) else self._forward
        try:
            return await pass_on(request, port, target)
        except UnicodeError:
            raise Refused(ErrorCode.INVALID, "a header is not UTF-8") from None
        except AWAY:
            raise _away("it does not answer") from None

    # --- requests

    async def _forward(self, request: web.Request, port: int, target: str) -> web.StreamResponse:
        body = await request.read()
        async with asyncio.timeout(WHOLE_S):
            async with self._asking().request(
                request.method,
                URL(f"http://{HOST}:{port}{target}", encoded=True),
                headers=asked(request.headers, request.remote),
                data=body or None,
                allow_redirects=False,
            ) as answer:
                return await _copied(request, answer)

    def _asking(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=REQUESTS_MAX),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=READ_S),
                skip_auto_headers=_ADDED_BY_AIOHTTP,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    # --- WebSockets

    async def _tunnel(self, request: web.Request, port: int, target: str) -> web.Response:
        if len(self._tunnels) >= TUNNELS_MAX:
            raise _away(f"{TUNNELS_MAX:,} connections to it are open")
        headers = asked(request.headers, request.remote)
        headers.update(UPGRADE)
        asking = Request(target, Headers(headers.items()), request.method)
        async with asyncio.timeout(CONNECT_S):
            far, raw, answer = await tunnel.ask(HOST, port, asking)
        near = request.transport
        if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            far.abort()
            return _refusal(answer)
        if near is None or near.is_closing() or far.is_closing():
            far.abort()
            raise _away("the connection was lost")
        self._open(request, near, far, raw)
        return web.Response()  # goes nowhere: the connection is no longer aiohttp's

    def _open(
        self, request: web.Request, near: asyncio.Transport, far: asyncio.Transport, raw: bytes
    ) -> None:
        """Let the client have what the server answered, and all that follows."""
        forget = partial(self._tunnels.discard, near)
        self._tunnels.add(near)
        take_over(request, near, tunnel.End(far, forget))
        near.write(raw)
        far.set_protocol(tunnel.End(near, forget))
        far.resume_reading()


_ADDED_BY_AIOHTTP = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
"""What a client did not say is not said for it."""


async def _copied(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """The answer, sent on as it comes. What breaks off in the middle breaks off for the client."""
    response = web.StreamResponse(
        status=answer.status, reason=answer.reason, headers=answered(answer.headers)
    )
    await response.prepare(request)
    is_whole = False
    try:
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            await response.write(chunk)
        is_whole = True
    except AWAY:
        pass
    finally:
        if not is_whole and request.transport is not None:
            request.transport.abort()
    return response


def _refusal(answer: Response) -> web.Response:
    """A handshake's answer that opens nothing."""
    headers = answered(CIMultiDict(answer.headers.raw_items()))
    return web.Response(status=answer.status_code, headers=headers, body=bytes(answer.body or b""))


def _away(why: str) -> Refused:
    return Refused(ErrorCode.BUSY, f"the rehearsal is away: {why}", AWAY_RETRY_MS)

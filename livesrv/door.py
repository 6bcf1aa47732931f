"""From an HTTP request to a WebSocket: the handshake, and the connection's change of hands.

aiohttp serves the request; the handshake's rules are those of the `websockets` library; after it
the bytes go straight to the session, without a task, a queue or a timer between.
"""

from asyncio import Protocol, Transport
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from protocol.codec import SUBPROTOCOL_MSGPACK, Encoding, Format

_DEFLATE = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,  # so that one compressed frame serves all
    client_no_context_takeover=True,  # so that no connection keeps a window for what comes in
)


class Handshake(NamedTuple):
    """What the client is answered, and what was agreed on."""

    response: bytes
    encoding: Encoding


def shake_hands(request: web.Request, *, may_deflate: bool) -> Handshake:
    """Accept a WebSocket. Raises `HTTPException` where the request does not ask for one."""
    rules = ServerProtocol(
        extensions=[_DEFLATE] if may_deflate else None, select_subprotocol=_subprotocol
    )
    asked = Request(request.path_qs, Headers(request.headers.items()), request.method)
    response = rules.accept(asked)
    if response.status_code == HTTPStatus.UPGRADE_REQUIRED:
        raise web.HTTPUpgradeRequired(text="this is a WebSocket: ask for an upgrade to one")
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        raise web.HTTPBadRequest(text=str(rules.handshake_exc))
    format_ = Format.MSGPACK if rules.subprotocol == SUBPROTOCOL_MSGPACK else Format.JSON
    bits = sum(x.local_max_window_bits for x in rules.extensions if type(x) is PerMessageDeflate)
    return Handshake(response.serialize(), Encoding(format_, bits))


def take_over(request: web.Request, transport: Transport, protocol: Protocol) -> None:
    """Give the connection to `protocol`; aiohttp lets go of it as of one that was lost."""
    transport.set_protocol(protocol)
    request.protocol.transport = None  # or it would close what is no longer its own
    request.protocol.connection_lost(None)


def _subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """MessagePack when the client offers it, JSON otherwise."""
    for format_ in Format:
        if format_.value in offered:
            return Subprotocol(format_.value)
    return None

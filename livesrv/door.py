"""aiohttp's WebSocket, closing with this protocol's codes where its own would be used."""

from aiohttp import web

from protocol.codec import SUBPROTOCOL_MSGPACK, Format
from protocol.codes import CloseCode
from protocol.messages import COMMAND_BYTES_MAX

_OURS = {1007: CloseCode.UNDECODABLE, 1009: CloseCode.UNDECODABLE}
"""Text that is not UTF-8, and messages over the size limit."""


CLOSE_GRACE_S = 3.0
"""How long a peer has to read what it was sent and to answer a close."""


class Door(web.WebSocketResponse):
    """A WebSocket without heartbeat, timers or compression of its own."""

    def __init__(self, format_: Format) -> None:
        super().__init__(
            protocols=(format_.value,),
            autoping=False,
            compress=False,
            max_msg_size=COMMAND_BYTES_MAX + 1,  # aiohttp refuses what reaches it
            timeout=CLOSE_GRACE_S,
        )

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        ours = _OURS.get(code, code)
        return await super().close(code=ours, message=message, drain=drain)


def negotiate(request: web.Request) -> Format:
    """The format for a client: MessagePack when it offers it, JSON otherwise."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    names = {name.strip() for name in offered.split(",")}
    return Format.MSGPACK if SUBPROTOCOL_MSGPACK in names else Format.JSON

"""An `order` command as a finished frame, of which only id, moment and key change. Pure.

Made by hand because the harness must be much cheaper than the server: filling one in takes under
a microsecond, encoding and masking the same message about twenty. Invariant: what is filled in
decodes to exactly the command that `command` shows.
"""

from struct import Struct
from typing import Any

import msgpack

from ..books.purchases import CURRENCY, Line
from ..client.frames import client_frame_head

KEY_DIGITS = 9
"""A billion orders a run."""
_UINT64 = Struct(">Q").pack
_UINT64_MARK = b"\xcf"
_MAP_OF_8 = b"\x88"


class OrderForm:
    """The order of one line that every buyer of a run places."""

    def __init__(self, run: str, room: str, line: Line) -> None:
        self.line = line
        self.currency = CURRENCY
        self._run = run
        self._fixed = {
            "type": "order",
            "room": room,
            "lines": [{"offer": line.offer, "quantity": line.quantity}],
            "total_minor": line.total_minor,
            "currency": CURRENCY,
        }
        pairs = b"".join(map(msgpack.packb, _flat(self._fixed)))
        self._before_id = _MAP_OF_8 + pairs + msgpack.packb("id") + _UINT64_MARK
        self._before_moment = msgpack.packb("made_at_ms") + _UINT64_MARK
        key = msgpack.packb(self.key(0))
        self._before_digits = msgpack.packb("key") + key[:-KEY_DIGITS]
        self._head = client_frame_head(len(self._payload(0, 0)))

    def key(self, number: int) -> str:
        return f"{self._run}-o{number:0{KEY_DIGITS}d}"

    def command(self, number: int, made_at_ms: int) -> dict[str, Any]:
        """What `fill` says, as a message."""
        return {**self._fixed, "id": number, "made_at_ms": made_at_ms, "key": self.key(number)}

    def fill(self, number: int, made_at_ms: int) -> bytes:
        """The frame of order `number`, which is its id too."""
        return self._head + self._payload(number, made_at_ms)

    def _payload(self, number: int, made_at_ms: int) -> bytes:
        return b"%b%b%b%b%b%09d" % (
            self._before_id,
            _UINT64(number),
            self._before_moment,
            _UINT64(made_at_ms),
            self._before_digits,
            number,
        )


def _flat(fields: dict[str, Any]) -> list[Any]:
    return [part for pair in fields.items() for part in pair]

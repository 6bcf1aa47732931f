"""Who bears the badge of a buyer, kept true: asks the books where a room's memory may be wrong.

A room learns its buyers when it is opened, and hears of each sale. It does not hear of an order
that was undone, and remembers only so many. So whoever comes in with the badge, or may have been
forgotten, is looked up; and those whose order was undone, where they are connected. All in the
background, many at a time: no comment waits for it, and none fails because the books are away.
"""

import asyncio
import logging
from itertools import islice

import msgspec

from livesrv.commerce.order_states import buyers_ranking
from livesrv.ledger.store import Ledger, Unavailable
from livesrv.rooms.open_room import OpenRoom
from livesrv.rooms.room import BUYERS_LOADED
from protocol.messages import OrderUpdate

log = logging.getLogger(__name__)

LOOKED_UP_MAX = 500
"""At a time; some 1 ms."""
DOUBTED_MAX = 20_000
"""Of one room. Beyond that the books are away, and what the room remembers must do."""
RETRY_S = 1.0

_updates = msgspec.msgpack.Decoder(OrderUpdate)


async def load(ledger: Ledger, room: str) -> list[str]:
    """Those who have bought in a room, who bought least first."""
    found = await ledger.top(buyers_ranking(room), 0, BUYERS_LOADED - 1)
    return [user for user, orders in reversed(found) if orders > 0]


def is_undone(push: bytes) -> bool:
    """Whether a push says that an order no longer stands."""
    if b"order_update" not in push:
        return False
    try:
        return _updates.decode(push).status in ("cancelled", "refunded")
    except msgspec.ValidationError:  # another push, with that word in it
        return False


class Buyers:
    """Looks up who is doubted. Needs `run` run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._doubted: dict[OpenRoom, set[str]] = {}
        self._wake = asyncio.Event()

    def entered(self, opened: OpenRoom, user: str) -> None:
        """Look somebody up who has come in, where the room may be wrong about them."""
        if opened.room.is_buyer(user) or opened.room.has_forgotten_buyers:
            self.doubt(opened, user)

    def doubt(self, opened: OpenRoom, user: str) -> None:
        users = self._doubted.setdefault(opened, set())
        if len(users) < DOUBTED_MAX:
            users.add(user)
            self._wake.set()

    async def run(self) -> None:
        """Look up until cancelled; a store that is away is waited for."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._doubted:
                await self._look_up()

    async def _look_up(self) -> None:
        """Some of those who are doubted in one room."""
        opened, users = self._doubted.popitem()
        asked = list(islice(users, LOOKED_UP_MAX))
        try:
            scores = await self._ledger.scores(buyers_ranking(opened.name), asked)
        except Unavailable as error:
            log.warning("buyers are looked up later: %s", error)
            self._doubted.setdefault(opened, set()).update(users)
            await asyncio.sleep(RETRY_S)
            return
        for user, orders in zip(asked, scores, strict=True):
            opened.room.note_buyer(user, is_buyer=orders > 0)
        if left := users.difference(asked):
            self._doubted.setdefault(opened, set()).update(left)

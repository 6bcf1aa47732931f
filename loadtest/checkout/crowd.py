"""The buyers of a run: made, let in a few at a time, and asked to leave in the end.

Must not know when they order. Invariant: buyer n is a user of its own with a connection of its own.
"""

import asyncio
from collections.abc import Sequence

from websockets.exceptions import WebSocketException

from ..books.books import Books
from ..client.audience import ENTERING_MAX
from ..client.commands import Refused
from ..client.credentials import Mint
from ..client.viewer import Connect
from .buyer import Buyer

HELLO_TIMEOUT_S = 10.0
LEAVE_TIMEOUT_S = 5.0
LOOK_S = 0.02
_TROUBLE = (OSError, TimeoutError, WebSocketException, Refused)


async def let_in(
    buyers: Sequence[Buyer], books: Books, connect: Connect, mint: Mint, *, ttl_s: float
) -> int:
    """Connect everybody; returns how many got in."""
    turn = asyncio.Semaphore(ENTERING_MAX)

    async def enter(buyer: Buyer) -> bool:
        token = mint.token(books.user(buyer.viewer), "viewer", ttl_s=ttl_s)
        try:
            async with turn, asyncio.timeout(HELLO_TIMEOUT_S):
                await buyer.greet(await connect(buyer, None), token)
        except _TROUBLE as trouble:
            books.account.entry_failures[type(trouble).__name__] += 1
            buyer.leave()
            return False
        return True

    return sum(await asyncio.gather(*map(enter, buyers)))


async def let_go(buyers: Sequence[Buyer]) -> None:
    """Close all connections, and wait a moment for the server to close them too."""
    for buyer in buyers:
        buyer.leave()
    try:
        async with asyncio.timeout(LEAVE_TIMEOUT_S):
            while any(buyer.has_connection for buyer in buyers):
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        pass

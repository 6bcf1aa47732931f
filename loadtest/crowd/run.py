"""One visit of an audience, from the question whether it may come to its last word.

Must not know how people behave. Invariant: nobody comes to a room where money is real unless that
was asked for: their wallets are filled up with money that nobody paid.
"""

import asyncio
import signal
from collections import Counter

from ..client.api import Api, Refusal, Unreachable, open_session
from ..client.credentials import Mint
from .crowd import Crowd, Invitation


class RealMoney(ValueError):
    """The server is neither a demo nor a rehearsal."""


async def visit(invitation: Invitation, mint: Mint, *, is_real_allowed: bool) -> Counter[str]:
    """What the audience did. Raises `RealMoney`, `Refusal`, `Unreachable`."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_session() as session:
        api = Api(session, invitation.url)
        await api.reach()
        if not is_real_allowed and not await _is_play(api):
            raise RealMoney(
                f"{invitation.url} is neither a demo nor a rehearsal: an audience buys with play "
                "money, which would stand in its books; --real-books if that is what you want"
            )
        await api.get(f"/v1/rooms/{invitation.room}")
        gifts = (await api.get("/v1/gifts"))["gifts"]
        crowd = Crowd(invitation, api, mint, gifts)
        try:
            await crowd.visit(stop)
        except TimeoutError:
            raise Unreachable(f"nobody gets in at {invitation.url}") from None
    return crowd.done


async def _is_play(api: Api) -> bool:
    try:
        kind = await api.get("/v1/pages")
    except Refusal:  # a server that is too old to say
        return False
    return bool(kind["is_demo"] or kind["is_rehearsal"])

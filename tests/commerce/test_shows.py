"""A show's steps, told through two workers: each does what was asked, whatever it remembers."""

from livesrv.commerce import shows
from livesrv.commerce.registers import read_room, room_register

from .market import Market, person


async def pinned(market: Market) -> list[str]:
    """What is pinned, as the ledger has it and a worker that remembers nothing of it."""
    name = room_register("r")
    return list(read_room((await market.ledger.read([name]))[name]).pinned)


async def test_a_step_is_made_from_how_things_stand_not_from_an_old_memory(
    market: Market, rival: Market
) -> None:
    mei = person("mei")
    for worker in (market, rival):
        await shows.pin(worker.ledger, mei, "r", "peach", market.now_ms)
        await shows.unpin(worker.ledger, mei, "r", "peach")
    # The first worker still remembers the room as the second one found it.
    await shows.pin(market.ledger, mei, "r", "peach", market.now_ms)
    assert await pinned(market) == ["peach"]

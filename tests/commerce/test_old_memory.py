"""What is told through two workers: each does what was asked, whatever it remembers."""

from livesrv.commerce import follows, parties, shows
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


async def test_who_takes_a_consent_back_is_believed_whatever_a_worker_remembers(
    market: Market, rival: Market
) -> None:
    owner, name = person("pam"), parties.consent_register("pam", "mei")
    for worker, is_allowed in [(market, True), (rival, False), (rival, True), (market, False)]:
        await parties.let_sell(worker.ledger, owner, "mei", is_allowed=is_allowed)
    assert (await market.ledger.read([name]))[name].read(bool) is False


async def test_who_no_longer_follows_is_no_follower_whatever_a_worker_remembers(
    market: Market, rival: Market
) -> None:
    lan = person("lan")
    for worker, is_following in [(market, True), (rival, False), (rival, True), (market, False)]:
        await follows.follow(worker.ledger, lan, "mei", is_following=is_following, now_ms=1)
    assert not await follows.is_follower(market.ledger, "lan", "mei")

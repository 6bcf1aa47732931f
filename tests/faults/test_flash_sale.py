"""A hundred pieces, a thousand buyers at the same moment, and half of them ask more than once."""

import asyncio
from collections.abc import Awaitable, Iterable
from random import Random
from typing import TypeVar

import pytest

from tests.server import Server
from tests.waiting import until
from tests.wire.client import JSON, MSGPACK, Client, Format
from tests.wire.shapes import Message
from tests.wire.stage import PRICE_MINOR, Show, Stage

from . import books, shares
from .wish import Wish

STOCK = 100
BUYERS = 1_000
GREEDY = 0.1
"""How many want a second piece with a second key, though only one is allowed."""
SPARE_MAX_MINOR = 5 * PRICE_MINOR
COMING_AT_ONCE = 64

T = TypeVar("T")


@pytest.mark.alone
async def test_flash_sale_sells_each_piece_once_and_answers_every_repeat_as_the_first_time(
    two_workers: Server, seed: int
) -> None:
    rng = Random(seed)
    async with Stage(two_workers, MSGPACK) as stage:
        show = await stage.show(stock=STOCK, limit_per_buyer=1)
        users = [f"buyer-{i}" for i in range(BUYERS)]
        wishes = [wish for user in users for wish in _wishes(stage, show, user, rng)]
        funds = {user: rng.randrange(SPARE_MAX_MINOR) for user in users}
        for wish in wishes:
            funds[wish.user] += PRICE_MINOR
        await _few_at_a_time(stage.fund(user, "CNY", amount) for user, amount in funds.items())
        await _few_at_a_time(wish.come() for wish in wishes)
        guests = [await _guest(stage, show, format) for format in (MSGPACK, JSON)]

        await asyncio.gather(*(wish.say() for wish in wishes))

        winners = _winners(wishes)
        await _say_once_more(wishes, winners)
        watching = [wish.main for wish in wishes if wish.main and wish.main.is_open]
        await _all_heard_the_same(show, [*guests, *watching], winners)
        await _books_are_right(stage, show, funds, winners)


def _wishes(stage: Stage, show: Show, user: str, rng: Random) -> list[Wish]:
    often = 2 if rng.random() < GREEDY else 1
    return [Wish.made(stage, show, user, rng) for _ in range(often)]


async def _guest(stage: Stage, show: Show, format: Format) -> Client:
    guest = await stage.open(format)
    await guest.hello()
    await guest.join(show.room)
    return guest


def _winners(wishes: list[Wish]) -> list[str]:
    """Those who bought: one piece each, all pieces; the others know why not."""
    for wish in wishes:
        wish.check_answers()
    winners = [wish.user for wish in wishes if wish.is_bought]
    assert len(winners) == len(set(winners)) == STOCK
    refused = [wish for wish in wishes if not wish.is_bought]
    assert {wish.code for wish in refused} <= {"sold_out", "limit_exceeded"}
    over_limit = {wish.user for wish in refused if wish.code == "limit_exceeded"}
    assert over_limit <= set(winners)
    return winners


async def _say_once_more(wishes: list[Wish], winners: list[str]) -> None:
    """Long after, and on a new connection: still the same answer, and nothing moves."""
    concerned = [wish for wish in wishes if wish.user in set(winners)]
    concerned += [wish for wish in wishes if wish.user not in set(winners)][:STOCK]
    await _few_at_a_time(wish.say_elsewhere() for wish in concerned)
    for wish in concerned:
        wish.check_answers()
        assert wish.answers[-1].get("duplicate", True)


async def _all_heard_the_same(show: Show, watching: list[Client], winners: list[str]) -> None:
    """One `sold` event a piece, to everybody in the same order; the clients check the numbers."""

    def sold(client: Client) -> list[Message]:
        return [event for event in client.rooms[show.room].events if event["type"] == "sold"]

    await until(lambda: all(len(sold(client)) >= STOCK for client in watching))
    first = sold(watching[0])
    assert sorted(event["user"]["id"] for event in first) == sorted(winners)
    assert [event["lines"] for event in first] == [
        [{"offer": show.offer, "quantity": 1, "stock": left}] for left in reversed(range(STOCK))
    ]
    assert all(sold(client) == first for client in watching)


async def _books_are_right(
    stage: Stage, show: Show, funds: dict[str, int], winners: list[str]
) -> None:
    assert await books.stock_left(stage, show.room) == {show.offer: 0}
    held = await books.wallets(stage, list(funds))
    assert held == {
        user: {"CNY": amount - PRICE_MINOR * (user in winners)} for user, amount in funds.items()
    }
    await books.settled(stage.server)
    earnings = shares.earned(await stage.http.get("/v1/earnings", token=show.token))
    assert earnings == {"CNY": shares.of_orders([PRICE_MINOR] * STOCK)}


async def _few_at_a_time(work: Iterable[Awaitable[T]]) -> None:
    gate = asyncio.Semaphore(COMING_AT_ONCE)

    async def one(awaitable: Awaitable[T]) -> None:
        async with gate:
            await awaitable

    await asyncio.gather(*map(one, work))

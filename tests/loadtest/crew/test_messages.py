"""What director and crew say to each other."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from loadtest.alongside import clock_ms
from loadtest.books.books import Books
from loadtest.crew.messages import Ask, Begin, End, Left, Stop, receive, send
from loadtest.scenario.cast import Cast

from ..shows import busy_show

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Ends, Ends]]:
    """Both ends of a line."""
    ours, theirs = socket.socketpair()
    here = await asyncio.open_unix_connection(sock=ours)
    there = await asyncio.open_unix_connection(sock=theirs)
    yield here, there
    for _, writer in (here, there):
        writer.close()


async def test_messages_arrive_as_they_were_and_in_order(pair: tuple[Ends, Ends]) -> None:
    (_, writer), (reader, _) = pair
    said = [Begin(12.5), Stop(), Ask({"r": End("e", 3)}, True)]
    for message in said:
        await send(writer, message)
    assert [await receive(reader) for _ in said] == said


async def test_an_account_larger_than_any_buffer_arrives_whole(pair: tuple[Ends, Ends]) -> None:
    (_, writer), (reader, _) = pair
    books = Books("r1", ["r"], Cast(busy_show()).schedule, clock_ms)
    events = tuple({"type": "started", "seq": number} for number in range(50_000))
    books.account.sightings.take("r", events)
    books.account.stays[0][0].came_ms.append(1.0)
    sending = asyncio.create_task(send(writer, Left(books.account)))
    heard = await receive(reader)
    await sending
    assert heard.account.stays == books.account.stays
    assert heard.account.sightings.take("r", events) == []
    assert heard.account.sightings.mismatches == 0


async def test_a_line_that_was_cut_says_so_even_within_a_message(pair: tuple[Ends, Ends]) -> None:
    (_, writer), (reader, _) = pair
    writer.write(b"\0\0\0")
    writer.close()
    with pytest.raises(asyncio.IncompleteReadError):
        await receive(reader)

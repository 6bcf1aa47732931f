"""The proxy before a real server: what comes under /rehearsal/ is as if it had been asked there."""

import asyncio
import gzip

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.server import Server
from tests.wire.api import Http
from tests.wire.client import FORMATS, Client, Format
from tests.wire.stage import fresh

from .conftest import Front


@pytest.fixture
async def url(front: Front, server: Server) -> str:
    return await front(server.data_dir)


async def member(url: str, format_: Format, room: str, token: str | None = None) -> Client:
    """Somebody in a room, by way of the proxy; `connect` offers compression."""
    socket = await connect(
        url.replace("http", "ws", 1) + "/ws", subprotocols=[Subprotocol(format_.subprotocol)]
    )
    client = Client(socket, format_)
    await client.hello(token)
    await client.join(room)
    return client


async def opened(http: Http, token: str) -> str:
    room = fresh("room")
    await http.post("/v1/rooms", {"room": room, "title": "Practice"}, token=token)
    await http.post(f"/v1/rooms/{room}/start", token=token)
    return room


async def test_requests_bodies_and_answers_go_through(url: str, server: Server) -> None:
    token = server.token(fresh("mei"), "host")
    async with aiohttp.ClientSession() as session:
        room = await opened(Http(session, url), token)
        assert (await Http(session, server.url).get(f"/v1/rooms/{room}"))["status"] == "live"
        answer = await Http(session, url).ask("GET", "/v1/rooms/no-such-room")
        assert (answer.status, answer.code) == (404, "not_found")
        answer = await Http(session, url).ask("GET", "/v1/rooms?limit=0")
        assert (answer.status, answer.body["detail"]) == (400, "limit is 1-100")


async def test_files_go_through_compressed_as_they_are_and_are_not_sent_twice(url: str) -> None:
    asking = {"Accept-Encoding": "gzip"}
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(f"{url}/", headers=asking) as page:
            assert gzip.decompress(await page.read()).startswith(b"<!doctype html>")
            known = asking | {"If-None-Match": page.headers["ETag"]}
        async with session.head(f"{url}/", headers=asking) as head:
            assert head.status == 200
            assert head.headers["Content-Length"] == page.headers["Content-Length"]
        async with session.get(f"{url}/", headers=known) as again:
            assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize("name", FORMATS)
async def test_a_websocket_goes_through_both_ways(url: str, server: Server, name: str) -> None:
    async with aiohttp.ClientSession() as session:
        room = await opened(Http(session, url), server.token(fresh("mei"), "host"))
    lan = await member(url, FORMATS[name], room, server.token(fresh("lan"), name="Lan"))
    beside = await member(server.url, FORMATS[name], room)
    for n in range(3):
        said = await lan.do("comment", room=room, text=f"hello {n} " + "é" * 180)
        for client in (lan, beside):
            await client.heard(room, "comment", comment=said["comment"])
    for client in (lan, beside):
        await client.socket.close()
        assert client.breaches == []


async def test_close_codes_go_through(url: str, server: Server) -> None:
    async with connect(url.replace("http", "ws", 1) + "/ws") as socket:
        await socket.send("this does not decode")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


async def test_a_handshake_that_is_refused_is_refused_with_the_same_words(
    url: str, server: Server
) -> None:
    for at in (url, server.url):
        with pytest.raises(InvalidStatus) as refused:
            await connect(at.replace("http", "ws", 1) + "/v1/nowhere")
        response = refused.value.response
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"
        assert b"not_found" in bytes(response.body or b"")


async def test_what_is_passed_on_is_not_taken_for_a_machine_of_ours(
    url: str, server: Server
) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/metrics") as direct:
            assert direct.status == 200
        async with session.get(f"{url}/metrics") as passed_on:
            assert passed_on.status == 401


async def test_a_body_that_is_too_big_is_refused_and_paths_that_climb_stay_there(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        answered = await Http(session, url).ask("POST", "/v1/rooms", raw=b"x" * 70_000)
        assert answered.status == 413
    answer = await raw(url, "/rehearsal/../v1/gifts")
    assert answer.startswith(b"HTTP/1.1 404 ")


async def raw(url: str, target: str) -> bytes:
    """The answer to a target that no client would send."""
    port = int(url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer

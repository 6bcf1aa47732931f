"""Stores: how ours are run, and what is said about those that are not fit."""

import asyncio
import logging
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import hiredis
import pytest
from redis.exceptions import RedisError

from livesrv import stores
from livesrv.stores import EmbeddedStore, StoreError, StoreRole

Reply = Callable[[list[bytes]], bytes]


@contextmanager
def running(store: EmbeddedStore, *options: str) -> Iterator[str]:
    """A real store; `options` come after its own and so win."""
    process = subprocess.Popen(
        [*store.argv, *options], cwd=store.cwd, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        yield store.url
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:

        def start(role: StoreRole, *options: str) -> str:
            return stack.enter_context(running(stores.embedded(role, tmp_path), *options))

        yield start


@asynccontextmanager
async def answering(reply: Reply) -> AsyncIterator[str]:
    """Something that speaks RESP and is no store of today; its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        commands = hiredis.Reader()
        while received := await reader.read(65_536):
            commands.feed(received)
            while command := commands.gets():
                assert isinstance(command, list)
                writer.write(reply(command))
        writer.close()

    async with listening(serve) as url:
        yield url


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://user:hush@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def info_of(**fields: object) -> Reply:
    text = "".join(f"{name}:{value}\r\n" for name, value in fields.items()).encode()

    def reply(command: list[bytes]) -> bytes:
        return b"$%d\r\n%s\r\n" % (len(text), text) if command[0] == b"INFO" else b"+OK\r\n"

    return reply


@pytest.mark.parametrize("role", ["ledger", "bus"])
async def test_embedded_store_is_fit_for_its_role(run: Callable[..., str], role: StoreRole) -> None:
    await stores.check(run(role), role=role)


async def test_embedded_store_listens_on_a_private_socket_and_nowhere_else(
    run: Callable[..., str], tmp_path: Path
) -> None:
    url = run("ledger")
    await stores.check(url, role="ledger")
    assert stat.S_IMODE((tmp_path / "ledger/socket").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "ledger").stat().st_mode) == 0o700
    client = stores.connect(url)
    assert (await client.config_get("port"))["port"] == "0"
    await client.aclose()


async def test_what_the_ledger_store_acknowledged_survives_a_kill(
    run: Callable[..., str], tmp_path: Path
) -> None:
    with running(stores.embedded("ledger", tmp_path)) as url:
        await stores.check(url, role="ledger")
        client = stores.connect(url)
        await client.set("entry", "1")
        await client.aclose()
    await stores.check(run("ledger"), role="ledger")
    client = stores.connect(url)
    assert await client.get("entry") == b"1"
    await client.aclose()


async def test_what_the_bus_store_had_does_not(run: Callable[..., str], tmp_path: Path) -> None:
    with running(stores.embedded("bus", tmp_path)) as url:
        await stores.check(url, role="bus")
        client = stores.connect(url)
        await client.set("seen", "1")
        await client.aclose()
    await stores.check(run("bus"), role="bus")
    client = stores.connect(url)
    assert await client.get("seen") is None
    await client.aclose()


async def test_data_dir_too_deep_for_a_socket_gets_one_in_a_private_place(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "with space"
    store = stores.embedded("bus", deep)
    assert store.url != stores.embedded("ledger", deep).url
    assert "dddd" not in store.url
    with running(store) as url:
        await stores.check(url, role="bus")


async def test_path_that_is_no_url_is_quoted_in_one(tmp_path: Path) -> None:
    with running(stores.embedded("bus", tmp_path / "50% off? #1")) as url:
        await stores.check(url, role="bus")


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("appendonly", "no", "yes"),
        ("appendfsync", "everysec", "always"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
    ],
)
async def test_ledger_store_that_may_lose_entries_is_refused(
    run: Callable[..., str], option: str, value: str, wanted: str
) -> None:
    url = run("ledger", f"--{option}", value)
    with pytest.raises(StoreError, match=f"{option} is {value}; it must be {wanted}"):
        await stores.check(url, role="ledger")
    await stores.check(url, role="bus")


async def test_store_that_does_not_let_us_look_is_warned_about(
    run: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    url = run("ledger")
    await stores.check(url, role="ledger")
    client = stores.connect(url)
    await client.acl_setuser(
        "us", enabled=True, passwords="+pass", keys="*", commands=["+@all", "-config", "-info"]
    )
    await client.aclose()
    with caplog.at_level(logging.WARNING):
        await stores.check(url.replace("unix://", "unix://us:pass@"), role="ledger")
    assert "INFO is not permitted" in caplog.text
    assert "it is on you that it runs with appendonly yes, appendfsync always" in caplog.text
    assert "pass@" not in caplog.text


def cluster_options() -> list[str]:
    """For a node of a cluster of one's own, which serves no slots before it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("", 0)) as bus:
        port, bus_port = (str(each.getsockname()[1]) for each in (free, bus))
    return ["--port", port, "--cluster-enabled", "yes", "--cluster-port", bus_port]


@pytest.mark.parametrize(
    ("role", "hint"), [("bus", r"; name its nodes: redis\+cluster://"), ("ledger", "$")]
)
async def test_cluster_mode_behind_a_plain_url_is_refused(
    run: Callable[..., str], role: StoreRole, hint: str
) -> None:
    url = run(role, *cluster_options())
    with pytest.raises(StoreError, match=f"it is a node of a cluster{hint}"):
        await stores.check(url, role=role)


async def test_ledger_on_a_cluster_is_refused() -> None:
    with pytest.raises(StoreError, match="the ledger must be one store; give redis://HOST:PORT"):
        await stores.check("redis+cluster://127.0.0.1:1", role="ledger")


async def test_cluster_url_of_a_store_that_is_none_is_refused(run: Callable[..., str]) -> None:
    options = cluster_options()
    run("bus", "--port", options[1])
    with pytest.raises(StoreError, match="it is not in cluster mode; give redis://HOST:PORT"):
        await stores.check(f"redis+cluster://127.0.0.1:{options[1]}", role="bus")


async def test_cluster_that_serves_part_of_its_slots_is_refused_and_a_whole_one_passes(
    run: Callable[..., str],
) -> None:
    """One of the nodes that are named is enough."""
    options = cluster_options()
    client = stores.connect(run("bus", *options))
    url = f"redis+cluster://127.0.0.1:1,127.0.0.1:{options[1]}"
    with pytest.raises(StoreError, match="the cluster serves 0 of its 16384 slots"):
        await stores.check(url.replace("127.0.0.1:1,", ""), role="bus")
    await client.cluster("ADDSLOTSRANGE", 0, 16_383)
    await client.aclose()
    await stores.check(url, role="bus")


def test_nodes_of_a_cluster_share_the_user_and_the_query_of_its_url() -> None:
    url = "rediss+cluster://u:p%40@one:7000,[::2]:7001,three?ssl_cert_reqs=none"
    assert stores.node_urls(url) == [
        f"rediss://u:p%40@{host}?ssl_cert_reqs=none"
        for host in ("one:7000", "[::2]:7001", "three:6379")
    ]
    asked = stores.node_urls(url)[0]
    assert stores.node_url(url, b"four", 7004, asked=asked).startswith("rediss://u:p%40@four:7004")
    assert stores.node_url(url, b"", 7000, asked=asked) == asked


async def test_replica_is_refused() -> None:
    async with answering(info_of(redis_version="7.4.0", role="slave")) as url:
        with pytest.raises(StoreError, match="a replica; give the URL of its primary"):
            await stores.check(url, role="bus")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"redis_version": "6.2.14"}, "Redis 6.2.14"),
        ({"redis_version": "7.2.4", "valkey_version": "7.1.9"}, "Valkey 7.1.9"),
    ],
)
async def test_store_that_is_too_old_is_refused(fields: dict[str, object], found: str) -> None:
    async with answering(info_of(**fields)) as url:
        wanted = f"{found} is too old; needs Valkey 7.2 or Redis 7.0, or newer"
        with pytest.raises(StoreError, match=wanted):
            await stores.check(url, role="ledger")


async def test_oldest_stores_that_will_do_pass() -> None:
    for fields in ({"redis_version": "7.0.0"}, {"redis_version": "7", "valkey_version": "7.2.0"}):
        async with answering(info_of(**fields)) as url:
            await stores.check(url, role="bus")


async def test_wrong_password_is_told_without_repeating_it(run: Callable[..., str]) -> None:
    url = run("bus", "--requirepass", "right")
    wrong = url.replace("unix://", "unix://:hush@")
    for refused in (url, wrong):
        with pytest.raises(StoreError, match="refuses our user name or password") as caught:
            await stores.check(refused, role="bus", wait_s=10)
        assert "hush" not in str(caught.value)
    await stores.check(url.replace("unix://", "unix://:right@"), role="bus")


async def test_nobody_there_is_told_after_a_bounded_wait(tmp_path: Path) -> None:
    url = f"unix://:hush@{tmp_path}/nobody"
    with pytest.raises(StoreError, match=r"cannot be reached .*; waited 0\.2 s") as caught:
        await stores.check(url, role="bus", wait_s=0.2)
    assert "hush" not in str(caught.value)


async def test_store_that_comes_a_little_later_is_waited_for(tmp_path: Path) -> None:
    store = stores.embedded("bus", tmp_path)
    checking = asyncio.create_task(stores.check(store.url, role="bus", wait_s=20))
    await asyncio.sleep(0)
    with running(store):
        await checking


async def test_store_that_is_loading_is_waited_for() -> None:
    loading = iter([1, 1, 0])

    def reply(command: list[bytes]) -> bytes:
        state = next(loading) if command[0] == b"INFO" else 0
        return info_of(redis_version="7.4.0", loading=state)(command)

    async with answering(reply) as url:
        await stores.check(url, role="bus")
    assert next(loading, None) is None


async def test_something_else_on_that_port_is_told() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with listening(web) as url:
        with pytest.raises(StoreError, match="is not a Redis or Valkey server") as caught:
            await stores.check(url, role="bus")
    assert "hush" not in str(caught.value)


async def test_something_silent_on_that_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "CHECK_TIMEOUT_S", 0.1)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with listening(silent) as url:
        with pytest.raises(StoreError, match="it does not answer; waited 0 s"):
            await stores.check(url, role="bus", wait_s=0)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hush@host:port",
        "redis://:hush@[::1",
        "ftp://:hush@x",
        "redis+cluster://:hush@a:b,c",
        "redis+cluster://:hush@",
    ],
)
async def test_url_that_cannot_be_read_is_told_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="the URL is not valid") as caught:
        await stores.check(url, role="bus")
    assert "hush" not in str(caught.value)


async def test_client_fails_rather_than_retries(tmp_path: Path) -> None:
    with running(stores.embedded("bus", tmp_path)) as url:
        await stores.check(url, role="bus")
        client = stores.connect(url, timeout_s=1)
        await client.ping()
    with pytest.raises(RedisError):
        await client.ping()
    await client.aclose()


async def test_client_waits_for_a_connection_and_not_for_ever(run: Callable[..., str]) -> None:
    url = run("bus")
    await stores.check(url, role="bus")
    client = stores.connect(url, timeout_s=0.5, max_connections=1)
    assert all(await asyncio.gather(client.ping(), client.ping()))
    async with client.pubsub() as taken:
        await taken.subscribe("room")
        with pytest.raises(RedisError, match="No connection available"):
            await client.ping()
    await client.aclose()

"""The whole server as processes: it starts, survives any kill, and leaves nothing behind.

Stores are real; workers and back office are stand-ins that do nothing, except in the last test.
"""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from livesrv import config, datadir, stores
from livesrv.supervisor import PortError, SetupError, Supervisor, claim_port

from .server import Serve
from .waiting import is_alive, until, until_awaited

STAND_IN = """
import os, signal, sys, time
if "unwell" in os.environ.get("STAND_IN", ""):
    sys.exit("no, thank you")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if "stubborn" in os.environ.get("STAND_IN", ""):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(int(os.environ["LIVESRV_READY_FD"]), b"1")
while True:
    time.sleep(600)
"""
SERVER = f"""
import sys
from livesrv import supervisor
from livesrv.__main__ import main
supervisor.WORKER = supervisor.BACKOFFICE = (sys.executable, "-c", {STAND_IN!r})
sys.exit(main())
"""
NAMES = {"supervisor", "ledger", "bus", "backoffice", "worker-0", "worker-1"}

Launch = Callable[..., Awaitable[Process]]


@pytest.fixture(autouse=True)
def own_tmp(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announcements go where no other server looks; short, because sockets may go there too."""
    monkeypatch.setenv("TMPDIR", str(short_path))
    monkeypatch.setattr("tempfile.tempdir", str(short_path))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "d"


@pytest.fixture
async def launch(data_dir: Path) -> AsyncIterator[Launch]:
    """Start `livesrv serve` with stand-ins; killed in the end, should it still run."""
    async with AsyncExitStack() as stack:

        async def start(*flags: str, environ: dict[str, str] | None = None) -> Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-c", SERVER, "serve", "--data-dir", str(data_dir), "--workers", "2", *flags),
                env={**os.environ, **(environ or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.push_async_callback(ended, process)
            return process

        yield start


async def ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def url_of(process: Process) -> str:
    """The URL a server prints when it serves."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
    assert line.startswith("livesrv serves at http://127.0.0.1:"), await complaint(process)
    return line.split()[3].rstrip(";")


async def complaint(process: Process) -> str:
    _, stderr = await process.communicate()
    return stderr.decode()


def pids(data_dir: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((data_dir / "pids.json").read_bytes())
    return found


async def test_server_says_where_everything_is(launch: Launch, data_dir: Path) -> None:
    server = await launch("--port", "0")
    port = int((await url_of(server)).rpartition(":")[2])
    resolved = config.from_json((data_dir / "run.json").read_bytes())
    assert resolved.port == port != 0
    assert resolved.data_dir == str(data_dir)
    assert resolved.jwt_secret == (data_dir / "secret").read_text().strip()
    await stores.check(resolved.ledger_url or "", role="ledger")
    await stores.check(resolved.bus_url or "", role="bus")
    assert stat.S_IMODE((data_dir / "run.json").stat().st_mode) == 0o600
    announced = json.loads(datadir.announcement(port).read_bytes())
    assert announced == {"data_dir": str(data_dir), "pid": server.pid}
    assert pids(data_dir).keys() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES - {"supervisor"}))
async def test_killed_child_comes_back_and_the_others_stay(
    launch: Launch, data_dir: Path, name: str
) -> None:
    await url_of(await launch("--port", "0"))
    before = pids(data_dir)
    os.kill(before[name], signal.SIGKILL)
    await until(lambda: pids(data_dir)[name] != before[name])
    after = pids(data_dir)
    assert is_alive(after[name])
    assert after | {name: 0} == before | {name: 0}


@pytest.mark.parametrize("role", ["ledger", "bus"])
async def test_killed_store_is_fit_for_its_role_again(
    launch: Launch, data_dir: Path, role: stores.StoreRole
) -> None:
    await url_of(await launch("--port", "0"))
    before = pids(data_dir)[role]
    os.kill(before, signal.SIGKILL)
    await until(lambda: pids(data_dir)[role] != before)
    await stores.check(stores.embedded(role, data_dir).url, role=role)


async def test_killed_ledger_store_comes_back_with_what_it_acknowledged(
    launch: Launch, data_dir: Path
) -> None:
    await url_of(await launch("--port", "0"))
    url = stores.embedded("ledger", data_dir).url
    killed = {0}
    for times in range(1, 4):
        await until(lambda: pids(data_dir)["ledger"] not in killed)
        await stores.check(url, role="ledger")
        client = stores.connect(url)
        assert await client.incr("kills") == times
        killed.add(pids(data_dir)["ledger"])
        os.kill(pids(data_dir)["ledger"], signal.SIGKILL)
        await client.aclose()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_server_leaves_nothing_behind(
    launch: Launch, data_dir: Path, number: signal.Signals
) -> None:
    server = await launch("--port", "0")
    port = int((await url_of(server)).rpartition(":")[2])
    running = pids(data_dir)
    server.send_signal(number)
    said = await complaint(server)
    assert server.returncode == 0, said
    assert not [name for name, pid in running.items() if is_alive(pid)]
    assert not (data_dir / "run.json").exists()
    assert not (data_dir / "pids.json").exists()
    assert not datadir.announcement(port).exists()
    for held in claim_port("127.0.0.1", port):
        held.close()


async def test_second_signal_kills_at_once(launch: Launch, data_dir: Path) -> None:
    server = await launch("--port", "0", environ={"STAND_IN": "stubborn"})
    await url_of(server)
    running = pids(data_dir)
    server.terminate()
    assert server.stderr is not None
    while b"once more to kill" not in await server.stderr.readline():
        pass
    server.terminate()
    await asyncio.wait_for(complaint(server), 4)  # a worker's grace would have been 10 s
    assert not [name for name, pid in running.items() if is_alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of our death")
async def test_killed_server_leaves_no_process_and_the_next_one_starts(
    launch: Launch, data_dir: Path
) -> None:
    first = await launch("--port", "0")
    port = (await url_of(first)).rpartition(":")[2]
    running = pids(data_dir)
    first.kill()
    second = await launch("--port", port)
    assert (await url_of(second)).endswith(f":{port}")
    await until(lambda: not [name for name, pid in running.items() if is_alive(pid)])
    assert not running.items() & pids(data_dir).items()


async def test_second_server_in_the_same_directory_is_told_so(
    launch: Launch, data_dir: Path
) -> None:
    first = await launch("--port", "0")
    await url_of(first)
    before = pids(data_dir)
    second = await launch("--port", "0")
    said = await complaint(second)
    assert f"another livesrv is running in {data_dir} (process {first.pid})" in said
    assert said.count("\n") == 1
    assert second.returncode == 2
    assert pids(data_dir) == before


async def test_second_server_on_the_same_port_is_told_so(launch: Launch, tmp_path: Path) -> None:
    port = (await url_of(await launch("--port", "0"))).rpartition(":")[2]
    second = await launch("--port", port, "--data-dir", str(tmp_path / "other"))
    assert f"port {port} on 127.0.0.1 is in use" in await complaint(second)
    assert second.returncode == 2
    assert datadir.announcement(int(port)).exists()


async def test_child_that_cannot_start_is_named_and_nothing_is_left(
    launch: Launch, data_dir: Path
) -> None:
    server = await launch("--port", "0", environ={"STAND_IN": "unwell"})
    said = await complaint(server)
    assert "no, thank you" in said
    assert "livesrv: backoffice ended with exit status 1 before it served" in said
    assert server.returncode == 1
    assert not (data_dir / "run.json").exists()
    datadir.Claim(data_dir).release()


async def test_configured_store_that_is_not_fit_is_told(
    launch: Launch, data_dir: Path, tmp_path: Path
) -> None:
    bus = stores.embedded("bus", tmp_path)
    process = await asyncio.create_subprocess_exec(
        *bus.argv, cwd=bus.cwd, stdout=subprocess.DEVNULL
    )
    try:
        server = await launch("--port", "0", environ={"LIVESRV_LEDGER_URL": bus.url})
        said = await complaint(server)
    finally:
        await ended(process)
    assert "appendonly is no; it must be yes" in said
    assert server.returncode == 4


async def test_configured_stores_are_used_and_outlive_the_server(
    launch: Launch, data_dir: Path, tmp_path: Path
) -> None:
    ledger = stores.embedded("ledger", tmp_path)
    store = await asyncio.create_subprocess_exec(
        *ledger.argv, cwd=ledger.cwd, stdout=subprocess.DEVNULL
    )
    try:
        urls = {"LIVESRV_LEDGER_URL": ledger.url, "LIVESRV_BUS_URL": ledger.url}
        server = await launch("--port", "0", environ=urls)
        await url_of(server)
        assert pids(data_dir).keys() == NAMES - {"ledger", "bus"}
        server.terminate()
        await complaint(server)
        assert store.returncode is None
    finally:
        await ended(store)


async def test_signal_while_starting_stops_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_ready = (sys.executable, "-c", "import time; time.sleep(600)")
    monkeypatch.setattr("livesrv.supervisor.BACKOFFICE", never_ready)
    server = Supervisor(config.load(None, {}, {"data_dir": str(data_dir), "port": 0}))
    starting = asyncio.create_task(server.start())
    await until(lambda: (data_dir / "pids.json").exists() and "backoffice" in pids(data_dir))
    running = pids(data_dir)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(SetupError, match="told to stop before it had started"):
        await starting
    assert [name for name, pid in running.items() if is_alive(pid)] == ["supervisor"]


async def test_children_print_to_files_where_one_says_so(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = (sys.executable, "-c", "print('hello from here', flush=True)\n" + STAND_IN)
    monkeypatch.setattr("livesrv.supervisor.BACKOFFICE", stand_in)
    monkeypatch.setattr("livesrv.supervisor.WORKER", stand_in)
    given = config.load(None, {}, {"data_dir": str(data_dir), "port": 0})
    server = Supervisor(given, log_dir=data_dir / "logs")
    await server.start()
    await server.stop()
    await server.stop()
    logs = {path.name for path in (data_dir / "logs").iterdir()}
    assert logs == {"ledger.log", "bus.log", "backoffice.log", "worker-0.log"}
    assert "hello from here" in (data_dir / "logs/worker-0.log").read_text()


def test_claimed_port_stays_ours_while_nobody_listens() -> None:
    claimed = claim_port("127.0.0.1", 0)
    port = claimed[0].getsockname()[1]
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port), reuse_port=True) as worker:
        with pytest.raises(PortError, match=f"port {port} on 127.0.0.1 is in use"):
            claim_port("127.0.0.1", port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            worker.accept()[0].close()
            assert client.recv(1) == b""
    for held in claimed:
        held.close()


def test_port_is_claimed_again_while_old_connections_fade() -> None:
    claimed = claim_port("127.0.0.1", 0)
    port = claimed[0].getsockname()[1]
    with (
        socket.create_server(("127.0.0.1", port), reuse_port=True) as worker,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        worker.accept()[0].close()  # the server closes first, so its side keeps TIME_WAIT
        assert client.recv(1) == b""
    for held in claimed:
        held.close()
    for held in claim_port("127.0.0.1", port):
        held.close()


def test_port_is_the_same_on_every_address_of_a_name() -> None:
    claimed = claim_port("localhost", 0)
    assert len({held.getsockname()[1] for held in claimed}) == 1
    for held in claimed:
        held.close()


def test_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(PortError, match=r"cannot listen on 192\.0\.2\.1 port 8080: "):
        claim_port("192.0.2.1", 8080)
    with pytest.raises(PortError, match=r"cannot listen on no\.such\.host\.invalid port 8080: "):
        claim_port("no.such.host.invalid", 8080)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("live.example", "http://live.example:8080"),
    ],
)
async def test_url_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert Supervisor(config.Config(host=host)).url == url


async def test_real_server_serves_again_after_all_its_children_were_killed_at_once(
    serve: Serve,
) -> None:
    server = serve(workers=2)
    before = server.pids()
    before.pop("supervisor")
    assert await is_ready(server.url)
    for name in before:
        server.kill(name)
    await until(lambda: not before.items() & server.pids().items())
    await until_awaited(lambda: is_ready(server.url), within_s=30)


async def is_ready(url: str) -> bool:
    try:
        async with (
            ClientSession(timeout=ClientTimeout(1)) as http,
            http.get(f"{url}/readyz") as answer,
        ):
            return answer.status == 200
    except (ClientError, TimeoutError):
        return False

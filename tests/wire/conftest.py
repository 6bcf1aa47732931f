"""Fixtures of the wire: a stage in each of the two formats, and those who watch an attack."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server import QUICK, Server, Settings, serving

from .client import FORMATS, Client, Format
from .shop import PAYMENTS, SHORT, Shop, on
from .stage import Show, Stage

StageOf = Callable[..., Awaitable[Stage]]
"""Starts a server with these settings; a stage on it."""


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.fixture
async def stage(server: Server, format: Format) -> AsyncIterator[Stage]:
    async with Stage(server, format) as open_stage:
        yield open_stage


class Kept:
    """The last server with settings of its own, for as long as tests ask for the same."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._settings: Settings = {}
        self._server: Server | None = None
        self._stack = ExitStack()
        self._count = 0

    def __call__(self, settings: Settings) -> Server:
        kept = self._server
        if kept is None or settings != self._settings or kept.process.poll() is not None:
            self.close()
            self._count += 1
            directory = self._directory / f"{self._count}"
            kept = self._server = self._stack.enter_context(serving(directory, settings))
            self._settings = settings
        return kept

    def close(self) -> None:
        self._server = None
        self._stack.close()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    kept = Kept(tmp_path_factory.mktemp("kept"))
    yield kept
    kept.close()


@pytest.fixture
async def stage_of(kept: Kept, format: Format) -> AsyncIterator[StageOf]:
    async with AsyncExitStack() as stack:

        async def started(**settings: object) -> Stage:
            return await stack.enter_async_context(Stage(kept(QUICK | settings), format))

        yield started


@dataclass(frozen=True)
class Scene:
    """A show with members on both workers who must notice nothing of what others send."""

    show: Show
    bystanders: tuple[Client, ...]


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    """Afterwards the bystanders are there, have missed nothing and hear what is said next."""
    show = await stage.show()
    first = await stage.member(show)
    scene = Scene(show, (first, await stage.member_beside(show, first)))
    yield scene
    host = await stage.member(show, show.host.user, "host")
    await host.do("start", room=show.room)
    await host.do("pin", room=show.room, offer=show.offer)
    await host.do("unpin", room=show.room, offer=show.offer)
    said = await host.do("comment", room=show.room, text="as if nothing had happened")
    for client in (host, *scene.bystanders):
        await client.heard(show.room, "comment", comment=said["comment"])
        await client.until(lambda place=client.rooms[show.room]: place.seq >= last_seq(host, show))  # type: ignore[misc]
        assert client.is_open


def last_seq(client: Client, show: Show) -> int:
    return client.rooms[show.room].seq


@pytest.fixture
async def shop(kept: Kept) -> AsyncIterator[Shop]:
    """A server with a provider that orders wait long for."""
    async with on(kept(QUICK | PAYMENTS)) as open_shop:
        yield open_shop


@pytest.fixture
async def short_shop(kept: Kept) -> AsyncIterator[Shop]:
    """A server on which everything that takes its time takes a second."""
    async with on(kept(QUICK | SHORT)) as open_shop:
        yield open_shop


@pytest.fixture
async def few(kept: Kept) -> AsyncIterator[Shop]:
    """A server on which two followers are enough for a manufacturer's goods."""
    async with on(kept(QUICK | PAYMENTS | {"quick_order_followers_min": 2})) as open_shop:
        yield open_shop

"""`livesrv demo`: a server with a rehearsed show on it, for people to look at and to join in.

    supervisor ── the real server, as `livesrv serve` runs it, with the demo's login
    show       ── a host and a crowd, played over the real wire
    view       ── the terminal, fed by a guest who watches

Must not reach into the server: but for the supervisor that starts it and the secret that signs
the cast's tokens, everything goes through its doors.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from msgspec.structs import replace
from rich.console import Console

from livesrv import datadir
from livesrv.config import Config
from livesrv.supervisor import SetupError, Supervisor
from loadtest.client.api import Api, Refusal, Unreachable, open_session
from loadtest.client.person import Client

from .figures import Figures, Message, Shelf
from .people import CAST
from .script import ROOM
from .show import Show
from .stage import Crates, Purses, Tokens, user_id
from .view import Notes, View


async def run(config: Config) -> int:
    """Serve and play until Ctrl-C. Raises `SetupError` when it cannot begin."""
    config = replace(config, demo=True, rehearsal=config.rehearsal is not False)
    supervisor = Supervisor(config, log_dir=Path(config.data_dir) / "logs")
    await supervisor.start()
    playing = asyncio.create_task(_play(supervisor.url, supervisor.config))
    stopped = asyncio.create_task(supervisor.run_until_stopped())
    await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if not stopped.done():
            await playing  # it never ends by itself: raises what went wrong
    finally:
        playing.cancel()
        await asyncio.wait({playing})
        await supervisor.stop()
    return 0


async def _play(url: str, config: Config) -> None:
    """Set the stage, let the cast in, and play."""
    assert config.jwt_secret is not None  # resolved by the supervisor
    console, notes = Console(), Notes()
    shelf, random = Shelf(), Random()
    figures, tokens = Figures(shelf), Tokens(config.jwt_secret)
    view = View(url, config.host, config.data_dir, figures, shelf, notes)
    async with open_session() as session:
        api = Api(session, url)
        crates, purses = Crates(api, tokens, shelf), Purses(api, tokens)
        await _set_stage(crates, purses)
        if not console.is_terminal:
            print(f"livesrv serves at {url}; Ctrl-C stops it", flush=True)
        guest, host, crowd = _cast(url, tokens, figures, random)
        show = Show(host, crowd, crates, purses, figures, shelf, random)
        async with asyncio.TaskGroup() as group:
            for client in (guest, host, *crowd.values()):
                group.create_task(client.stay())
            for client in (guest, host):
                await client.entered()
            group.create_task(show.play())
            with _quiet(console, notes, Path(config.data_dir)):
                await view.run(console)


async def _set_stage(crates: Crates, purses: Purses) -> None:
    try:
        await crates.open()
        await purses.open()
    except (Refusal, Unreachable) as error:
        raise SetupError(f"the show cannot begin: {error}") from error


def _cast(
    url: str, tokens: Tokens, figures: Figures, random: Random
) -> tuple[Client, Client, dict[str, Client]]:
    """The guest who counts, the host, and the crowd by person."""

    def count(message: Message) -> None:
        figures.take(message, time.monotonic())

    ws_url = url.replace("http", "ws", 1) + "/ws"
    guest = Client(ws_url, ROOM, random, hear=count)
    host = Client(ws_url, ROOM, random, token=tokens.host)
    crowd = {
        person.id: Client(
            ws_url,
            ROOM,
            random,
            token=partial(tokens.of, user_id(person.id), "viewer", person.name),
        )
        for person in CAST
    }
    return guest, host, crowd


@contextmanager
def _quiet(console: Console, notes: Notes, data_dir: Path) -> Iterator[None]:
    """While the view has the terminal, what is logged goes to a file, and its last line to it."""
    if not console.is_terminal:
        yield
        return
    root = logging.getLogger()
    before = root.handlers[:]
    file = logging.FileHandler(datadir.log_file(data_dir / "logs", "demo"))
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.handlers[:] = [file, notes]
    try:
        yield
    finally:
        root.handlers[:] = before
        file.close()

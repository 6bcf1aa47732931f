"""Somebody who stays in a room, over any number of connections, as the spec tells clients to.

Invariant: a command goes out again, unchanged, until it is answered; whoever comes back says where
they were. What the server could not tell them again is in `holes`.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.waiting import until
from tests.wire.client import Client, Place
from tests.wire.shapes import Message
from tests.wire.stage import Stage

AGAIN = ("busy", "rate_limited")
"""Codes after which the same command is sent again."""
PAUSE_FIRST_S, PAUSE_MAX_S = 0.05, 1.0
BACK_WITHIN_S = 30.0
STAY_S = 600.0
"""Longer than any test."""
ROAM_LOOK_S = 0.1
ROAMING = 0.03
"""How often, at each look, a network changes and the connection is gone: every 3 s or so."""


class Lost(Exception):
    """The connection ended before the answer came."""


class Viewer:
    """A member of a room; a guest when `user` is None. Run `stay` as a task."""

    def __init__(self, stage: Stage, room: str, user: str | None, rng: Random) -> None:
        self.user = user
        self.room = room
        self.holes: list[str] = []
        self.worker = ""
        """Where the last connection came to."""
        self.is_waiting = False
        """For an answer that it cannot do without."""
        self._stage = stage
        self._token = None if user is None else stage.server.token(user)
        self._rng = rng
        self._client: Client | None = None
        self._places: list[Place] = []
        """Where it was in the room on each connection, and what it heard there."""

    def __repr__(self) -> str:
        at = self._places[-1].seq if self._places else None
        said = [*self.holes, *(self._client.breaches[:1] if self._client else ())]
        return f"{self.user or 'guest'} at {at}, {len(self._places)} connections, {said}"

    @property
    def is_here(self) -> bool:
        return self._client is not None and self._client.is_open

    @property
    def comings(self) -> int:
        """How many times it has entered the room."""
        return len(self._places)

    @property
    def events(self) -> list[Message]:
        """The reliable lane as it came, over all connections."""
        return [event for place in self._places for event in place.events]

    @property
    def has_heard_the_end(self) -> bool:
        return bool(self._places) and [e["type"] for e in self._places[-1].events[-1:]] == ["ended"]

    def has_read(self, text: str) -> bool:
        return any(text in place.comments() for place in self._places)

    async def stay(self) -> None:
        """Be in the room until cancelled."""
        pause_s = PAUSE_FIRST_S
        while True:
            with suppress(Lost):
                client = await self._come()
                pause_s = PAUSE_FIRST_S
                await client.closed(within_s=STAY_S)
            await asyncio.sleep(pause_s * self._rng.uniform(0.5, 1.5))
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    async def roam(self, is_over: Callable[[], bool]) -> None:
        """Lose the connection now and then, as phones do."""
        while not is_over():
            await asyncio.sleep(ROAM_LOOK_S)
            if self._client is not None and self._rng.random() < ROAMING:
                self._client.socket.transport.abort()

    async def answer_to(self, type: str, **fields: object) -> Message:
        """Send a command until it is answered; its reply, or an error that is its outcome."""
        self.is_waiting = True
        while True:
            await until(lambda: self.is_here, within_s=BACK_WITHIN_S)
            assert self._client is not None
            with suppress(Lost):
                answer = await _lasting_answer(self._client, type, **fields)
                self.is_waiting = False
                return answer
            await asyncio.sleep(PAUSE_FIRST_S)

    async def try_once(self, type: str, **fields: object) -> bool:
        """Send a command that does not matter; whether it was carried out."""
        if self._client is None or not self.is_here:
            return False
        try:
            answer = await _answer(self._client, type, **fields)
        except Lost:
            return False
        assert answer["type"] != "error" or answer["code"] in AGAIN, answer
        return bool(answer["type"] != "error")

    async def _come(self) -> Client:
        """Connect and enter the room. Raises `Lost`."""
        try:
            client = await self._stage.open()
        except (OSError, InvalidHandshake, ConnectionClosed, EOFError) as error:
            raise Lost from error
        with _losing(client):
            await client.hello(self._token)
        await self._join(client)
        self._client, self.worker = client, client.worker
        return client

    async def _join(self, client: Client) -> None:
        last = self._places[-1] if self._places else None
        since = {"since": {"epoch": last.epoch, "seq": last.seq}} if last else {}
        joined = await _lasting_answer(client, "join", room=self.room, **since)
        assert joined["type"] == "joined", joined
        if last is not None and not joined["recovered"]:
            self.holes.append(f"{since}, then {joined['epoch']} {joined['seq']}")
        self._places.append(client.rooms[self.room])


async def _lasting_answer(client: Client, type: str, **fields: object) -> Message:
    """The answer, asked for again while it is one of `AGAIN`. Raises `Lost`."""
    while True:
        answer = await _answer(client, type, **fields)
        if answer["type"] != "error" or answer["code"] not in AGAIN:
            return answer
        await asyncio.sleep(answer.get("retry_after_ms", 100) / 1000)


async def _answer(client: Client, type: str, **fields: object) -> Message:
    with _losing(client):
        return await client.ask(type, **fields)


@contextmanager
def _losing(client: Client) -> Iterator[None]:
    """Turn the end of the connection into `Lost`; no answer in time stays a failure."""
    try:
        yield
    except ConnectionClosed as error:
        raise Lost from error
    except AssertionError as error:
        if client.is_open:
            raise
        raise Lost from error

"""People who are not looked at in a browser: they speak the wire and HTTP, one thing at a time.

For tests of pages, which drive their browser in the same thread. What they say is checked only as
far as it is needed; the wire has tests of its own.
"""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.server import Server

JSON_V1 = Subprotocol("livesrv.v1.json")
WAIT_S = 15.0
PRICE_MINOR = 2990

Message = dict[str, Any]


def fresh(word: str) -> str:
    """An id nobody has used."""
    return f"{word}-{secrets.token_hex(4)}"


class Person:
    """Somebody with a token. `user` and `token` may be used in a browser as well."""

    def __init__(
        self, server: Server, *roles: str, name: str | None = None, user: str | None = None
    ) -> None:
        self.server = server
        self.user = user or fresh("user")
        self.token = server.token(self.user, *roles, name=name)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the HTTP API answers; fails when it refuses."""
        request = urllib.request.Request(
            f"{self.server.url}/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    @contextmanager
    def online(self) -> Iterator["Line"]:
        """On a WebSocket, with `hello` said."""
        with connect(
            self.server.ws_url, subprotocols=[JSON_V1], max_size=None, close_timeout=1
        ) as socket:
            line = Line(socket)
            line.ask("hello", token=self.token)
            yield line

    def topup(self, amount_minor: int, currency: str) -> None:
        """Put money into this one's wallet."""
        body = {"amount_minor": amount_minor, "currency": currency, "key": fresh("topup")}
        Person(self.server, "ops").call("POST", f"wallets/{self.user}/topups", body)


class Host(Person):
    """Somebody with a room: created and live unless they say otherwise."""

    def __init__(
        self,
        server: Server,
        *,
        name: str = "Mei",
        title: str = "🍑 Peaches from the hill",
        is_live: bool = True,
        **about: object,
    ) -> None:
        super().__init__(server, "host", name=name)
        self.room: str = self.call("POST", "rooms", {"title": title, **about})["room"]
        if is_live:
            self.start()

    @property
    def url(self) -> str:
        """Where viewers see the room."""
        return f"{self.server.url}/room/{self.room}"

    def start(self) -> Self:
        self.call("POST", f"rooms/{self.room}/start")
        return self

    def end(self) -> Self:
        self.call("POST", f"rooms/{self.room}/end")
        return self

    def offer(self, title: str = "🍑 Hill peaches", **terms: object) -> str:
        """Put something on sale and pin it; its id."""
        body = {"title": title, "price_minor": PRICE_MINOR, "currency": "CNY", "stock": 50, **terms}
        offer: str = self.call("POST", f"rooms/{self.room}/offers", body)["offer"]
        with self.online() as line:
            line.ask("pin", room=self.room, offer=offer)
        return offer

    def state(self) -> Message:
        state: Message = self.call("GET", f"rooms/{self.room}")
        return state


class Line:
    """One connection. Replies are waited for; what is pushed meanwhile gathers in `pushes`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = 0
        self.pushes: list[Message] = []

    def ask(self, type_: str, **fields: object) -> Message:
        """Send a command; its reply. Fails when it is refused."""
        self._ids += 1
        self._socket.send(json.dumps({"type": type_, "id": self._ids, **fields}))
        while (message := self.hear()).get("id") != self._ids:
            self.pushes.append(message)
        assert message["type"] != "error", message
        return message

    def hear(self) -> Message:
        """The next message, whatever it is."""
        message: Message = json.loads(self._socket.recv(timeout=WAIT_S))
        return message

    def join(self, room: str) -> Message:
        return self.ask("join", room=room)

    def comment(self, room: str, text: str) -> None:
        self.ask("comment", room=room, text=text)

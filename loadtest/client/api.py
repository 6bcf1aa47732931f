"""The server's HTTP door, as far as a run needs it.

Must not know what the answers mean. Every call is tried again when the server is busy or cannot be
reached for a moment, so each must be one that may be repeated: `key`s and ids of our own see to
that. Once a call has run out of tries, the others stop trying, until one succeeds. Errors:
`Unreachable` when there is no server, `Refusal` when it says no.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import aiohttp

CALLS_MAX = 32
"""Calls under way at once."""
CALL_TIMEOUT_S = 10.0
TRIES_MAX = 8
PAUSE_S = 0.1
"""Doubled after each try: 12.7 s in all, longer than a server takes to restart."""
_RETRIED_STATUSES = frozenset({429, 502, 503, 504})

T = TypeVar("T")


class Unreachable(Exception):
    """No server answers at the address."""


class Refusal(Exception):
    """The server answered an HTTP call with an error."""

    def __init__(self, call: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{call} was answered {status} {code}: {detail}")
        self.status = status
        self.code = code


class Api:
    """One server's HTTP door."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._turn = asyncio.Semaphore(CALLS_MAX)
        self._is_lost = False

    async def get(self, path: str, token: str | None = None) -> Any:
        return await self._call("GET", path, token, None)

    async def post(self, path: str, token: str | None, body: dict[str, Any]) -> Any:
        return await self._call("POST", path, token, body)

    async def reach(self) -> None:
        """Find out whether there is a server at all, in one try. Raises `Unreachable`."""
        try:
            await self._try("GET", "/v1/gifts", None, None)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(self._url, error) from error
        except Refusal as refusal:
            if refusal.status not in _RETRIED_STATUSES:
                raise

    async def _call(self, method: str, path: str, token: str | None, body: Any) -> Any:
        pause_s = PAUSE_S
        for _ in range(TRIES_MAX - 1):
            if self._is_lost:
                break
            try:
                return await self._try(method, path, token, body)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            except Refusal as refusal:
                if refusal.status not in _RETRIED_STATUSES:
                    raise
            await asyncio.sleep(pause_s)
            pause_s *= 2
        try:
            return await self._try(method, path, token, body)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._is_lost = True
            raise _unreachable(self._url, error) from error

    async def _try(self, method: str, path: str, token: str | None, body: Any) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = self._url + path
        async with (
            self._turn,
            self._session.request(method, url, headers=headers, json=body) as response,
        ):
            answer = await response.json(content_type=None)
            if response.status >= 400:
                raise _refusal(f"{method} {path}", response.status, answer)
            self._is_lost = False
            return answer


def open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
        connector=aiohttp.TCPConnector(limit=CALLS_MAX),
    )


async def all_of(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The answers of many calls, in order; `CALLS_MAX` bounds how many are under way."""
    return await asyncio.gather(*calls)


def _unreachable(url: str, error: Exception) -> Unreachable:
    return Unreachable(f"no server answers at {url}: {error or type(error).__name__}")


def _refusal(call: str, status: int, answer: Any) -> Refusal:
    problem = answer if isinstance(answer, dict) else {}
    return Refusal(call, status, str(problem.get("code", "")), str(problem.get("detail", answer)))
